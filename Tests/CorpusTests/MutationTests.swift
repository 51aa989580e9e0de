import Foundation
import TestSupport
import Testing

@testable import Corpus

/// Damaged files give passages or errors, never a crash, a hang or text that is not there.
struct MutationTests {
    private static let bytesOfInterest: [UInt8] = [
        0x00, 0x09, 0x0A, 0x0D, 0x20, 0x22, 0x27, 0x2C, 0x5B, 0x5C, 0x5D, 0x7B, 0x7D, 0x75, 0x2D,
        0x30, 0x7F, 0x80, 0xC3, 0xE2, 0xEF, 0xF0, 0xFF, 0x1F, 0x8B,
    ]

    /// Changes, adds, removes, repeats or cuts a few bytes.
    private static func mutate(
        _ bytes: [UInt8], with generator: inout Dice
    ) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &generator)
            let byte =
                Bool.random(using: &generator)
                ? bytesOfInterest.randomElement(using: &generator) ?? 0
                : UInt8.random(in: 0...255, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes[at] = byte
            case 1: bytes.insert(byte, at: at)
            case 2: bytes.remove(at: at)
            case 3: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 4: bytes.removeSubrange(at..<min(bytes.count, at + 9))
            default:
                let end = min(bytes.count, at + Int.random(in: 1...40, using: &generator))
                bytes.insert(contentsOf: bytes[at..<end], at: at)
            }
        }
        return bytes
    }

    private static let separated = Array(
        "id\ttext\ttitle\n1\t\"a \"\"b\"\"\nc\"\tT\r\n2\tö\tU\n\n3\tx\ty\n".utf8)
    private static let lines = Array(
        """
        {"id": 1, "text": "a\\u00e9\\n", "title": null, "x": [1.5e3, {"y": true}]}
        {"_id": "2", "text": "ö", "title": "T"}

        """.utf8)
    private static let questions: [[UInt8]] = [
        Array("who\t['a', \"b's\"]\nwhat\t\"['\\xe9', \"\"c\"\"]\"\n".utf8),
        Array(
            "[{\"question\": \"a\", \"answers\": [\"x\"], \"passage_id\": 3},\n{\"text\": \"b\"}]"
                .utf8),
        Array("1\tf\twho\ta|b\n2\tf\twhat\tc+\n".utf8), Array("1\twho\n2\twhat\n".utf8),
        Array("[{\"question\": \"a\", \"ctxs\": [{\"id\": 1, \"score\": \"1.5\"}]}]".utf8),
        Array("q1 Q0 d1 1 2.5 t\nq1 Q0 d2 2 1.5 t\n".utf8), Array("1 0 d1 1\n2 0 d2 0\n".utf8),
    ]

    private func run(_ seed: UInt64, rounds: Int, _ body: (inout Dice) throws -> Void)
        throws
    {
        for round in 0..<rounds {
            var generator = Dice(seed: seed << 32 | UInt64(round))
            do {
                try body(&generator)
            } catch let error as CorpusError {
                #expect(!error.description.isEmpty)
            } catch {
                Issue.record("seed \(seed), round \(round): \(error)")
            }
        }
    }

    /// Reads with and without skipping: what is read strictly is what is read leniently, so far.
    private func compareReaders(_ path: String, _ format: CorpusFormat) throws {
        let source = try CorpusSource(paths: [path], format: format)
        let lenient = try PassageReader(source, skipMalformed: true)
        var all: [Passage] = []
        var fault: CorpusError?
        do {
            while let passage = try lenient.next() { all.append(passage) }
        } catch {
            fault = error
        }
        let strict = try PassageReader(source)
        var count = 0
        do {
            while let passage = try strict.next() {
                #expect(count < all.count && passage == all[count])
                #expect(!passage.id.isEmpty && !(passage.title + passage.text).isEmpty)
                count += 1
            }
            #expect(count == all.count && lenient.skippedLines == 0 && fault == nil)
        } catch {
            #expect(lenient.skippedLines > 0 || fault != nil)
            #expect(throws: error) { try strict.next() }
        }
    }

    @Test func `mutated passage files`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a"
        for (seed, format) in CorpusFormat.allCases.enumerated() {
            let sample = [.psgs, .msmarco].contains(format) ? Self.separated : Self.lines
            try run(UInt64(seed), rounds: 2_500) { generator in
                try Data(Self.mutate(sample, with: &generator)).write(
                    to: URL(fileURLWithPath: path))
                try compareReaders(path, format)
                _ = try CorpusSource(paths: [path])
            }
        }
    }

    @Test func `mutated gzip files`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a.gz"
        let samples = [
            gzip(Self.separated) + gzip(Self.separated),
            Array(try Data(contentsOf: URL(fileURLWithPath: fixtures + "/psgs.members.tsv.gz"))),
        ]
        for (seed, sample) in samples.enumerated() {
            try run(UInt64(10 + seed), rounds: 2_500) { generator in
                try Data(Self.mutate(sample, with: &generator)).write(
                    to: URL(fileURLWithPath: path))
                try compareReaders(path, .psgs)
            }
        }
    }

    @Test func `mutated question, result and judgement files`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a"
        for (seed, sample) in Self.questions.enumerated() {
            try run(UInt64(20 + seed), rounds: 1_000) { generator in
                try Data(Self.mutate(sample, with: &generator)).write(
                    to: URL(fileURLWithPath: path))
                _ = try? DPRResults.read(path)
                _ = try? TRECRun.read(path)
                _ = try? RelevanceJudgements.read(path)
                _ = try QuestionFile.read(path)
            }
        }
    }

    @Test func `mutated passage blocks`() throws {
        let block = PassageBlock.encode([
            Passage(id: "1", title: "é", text: "abc"), Passage(id: "2", title: "", text: "日本"),
        ])
        try run(30, rounds: 5_000) { generator in
            let bytes = Self.mutate(block, with: &generator)
            let passages = try PassageBlock.decode(bytes)
            #expect(PassageBlock.encode(passages) == bytes)
        }
    }
}
