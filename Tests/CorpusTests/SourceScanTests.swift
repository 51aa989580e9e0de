import Foundation
import TestSupport
import Testing

@testable import Corpus

struct SourceScanTests {
    let folder = try? TemporaryFolder()

    private func scan(
        _ paths: [String], batchSize: Int = 10, format: CorpusFormat? = nil
    ) throws -> SourceScan {
        try SourceScan.run(
            source: CorpusSource(paths: paths, format: format), batchSize: batchSize,
            scratchFolder: #require(folder).path + "/scratch")
    }

    @Test func `the digest is that of the decompressed bytes, wherever the file lies`() throws {
        let plain = try scan([fixtures + "/psgs.tsv"])
        let copy = try #require(folder).write(
            "elsewhere.txt", Array(Data(contentsOf: URL(fileURLWithPath: fixtures + "/psgs.tsv"))))
        for path in [fixtures + "/psgs.tsv.gz", fixtures + "/psgs.members.tsv.gz", copy] {
            #expect(try scan([path]) == plain)
            #expect(try SourceScan.digest(of: CorpusSource(paths: [path])) == plain.digest)
        }
        #expect(plain.digest.count == 64)
    }

    @Test func `the digest tells formats, bytes and the cut between files apart`() throws {
        let folder = try #require(folder)
        let one = try folder.write("1", "1\ta\n2\tb\n")
        let half = try folder.write("2", "1\ta\n")
        let rest = try folder.write("3", "2\tb\n")
        let other = try folder.write("4", "1\ta\n2\tc\n")
        let crlf = try folder.write("5", "1\ta\r\n2\tb\r\n")
        var digests: Set<String> = []
        for paths in [[one], [half, rest], [rest, half], [other], [crlf]] {
            digests.insert(try scan(paths, format: .msmarco).digest)
        }
        digests.insert(
            try SourceScan.digest(of: CorpusSource(paths: [one], format: .psgs)))
        #expect(digests.count == 6)
        // Recomputed apart from this code: sha256("sheaf source 1\nmsmarco\n" + 8 + sha256(bytes)).
        let pinned = "ac38c06f0c5eb33853e84d58056e4a68ea4b34ce44577768fcf09293d4e7dfb7"
        #expect(try scan([one], format: .msmarco).digest == pinned)
    }

    @Test(arguments: [
        ("id\ttext\ttitle\n1\ta\tA\n2\tb\tB\n", CorpusFormat.psgs),
        ("title\ttext\tid\nA\ta\t1\nB\tb\t2\n", .psgs), ("1\ta\tA\n2\tb\tB", .psgs),
        ("\n\nid\ttext\ttitle\n\n1\ta\tA\n2\tb\tB\n", .psgs), ("1\ta\n2\tb\n", .msmarco),
        ("{\"_id\":\"1\",\"text\":\"a\"}\r\n{\"_id\":\"2\",\"text\":\"b\"}\n", .beir),
        ("\n{\"id\":1,\"text\":\"a\"}\n{\"id\":2,\"text\":\"b\"}", .jsonl),
    ])
    func `a corpus behind a byte order mark is read from each of its batches`(
        _ text: String, _ format: CorpusFormat
    ) throws {
        let folder = try #require(folder)
        let marked = [0xEF, 0xBB, 0xBF] + Array(text.utf8)
        for (name, bytes) in [("plain", marked), ("packed.gz", gzip(marked))] {
            let path = try folder.write(name, bytes)
            let source = try CorpusSource(paths: [path])
            #expect(source.format == format)
            try expect(["1", "2"], fromBatchesOf: source)
        }
    }

    @Test func `a second file behind a byte order mark is read from each of its batches`() throws {
        let folder = try #require(folder)
        let first = try folder.write("1", "7\tx\ty\n")
        let second = try folder.write(
            "2", [0xEF, 0xBB, 0xBF] + Array("title\ttext\tid\nA\ta\t1\nB\tb\t2\n".utf8))
        try expect(["7", "1", "2"], fromBatchesOf: try CorpusSource(paths: [first, second]))
    }

    private func expect(_ wanted: [String], fromBatchesOf source: CorpusSource) throws {
        for batchSize in 1...3 {
            let scan = try SourceScan.run(
                source: source, batchSize: batchSize,
                scratchFolder: #require(folder).path + "/scratch")
            var ids: [String] = []
            for batch in scan.batches {
                let reader = try PassageReader(source, startingAt: batch.start)
                for _ in 0..<batch.count { ids.append(try #require(try reader.next()).id) }
            }
            #expect(ids == wanted, "batches of \(batchSize)")
        }
    }

    @Test func `a position at byte 3 of a file without a mark is a line's start or none`() throws {
        let path = try #require(folder).write("3.tsv", "1\ta\n2\tb\n")
        let source = try CorpusSource(paths: [path])
        #expect(throws: CorpusError.strayPosition(path: path, byteOffset: 3)) {
            try PassageReader(
                source, startingAt: PassagePosition(file: 0, byteOffset: 3, line: 1))
        }
    }

    @Test(arguments: [1, 7, 64, 120, 122, 500])
    func `each batch, read from its start, gives its own passages`(_ batchSize: Int) throws {
        let second = try #require(folder).write("b.tsv", "text\ttitle\tid\na\t\tx1\nb\t\tx2\n")
        let paths = [fixtures + "/psgs.members.tsv.gz", second]
        let all = try passages(paths)
        let scan = try scan(paths, batchSize: batchSize)
        #expect(scan.passages == 122)
        var next = 0
        for batch in scan.batches {
            #expect(batch.firstOrdinal == UInt64(next))
            let reader = try PassageReader(
                CorpusSource(paths: paths), startingAt: batch.start)
            for _ in 0..<batch.count {
                #expect(try reader.next() == all[next])
                next += 1
            }
        }
        #expect(next == 122)
        #expect(scan.batches.dropLast().allSatisfy { $0.count == batchSize })
    }

    @Test func `a duplicate id is named with both places`() throws {
        let folder = try #require(folder)
        let one = try folder.write("1.tsv", "a\tx\n\nb\ty\n")
        let two = try folder.write("2.tsv", "c\tx\nb\tz\na\tz\n")
        #expect(
            throws: CorpusError.duplicateID(
                id: "b", first: SourcePlace(path: one, line: 3),
                second: SourcePlace(path: two, line: 2))
        ) { try scan([one, two]) }
    }

    @Test func `duplicates are found when ids fill the scratch file`() throws {
        let folder = try #require(folder)
        var text = ""
        for row in 0..<300_000 { text += "\(row)\tx\n" }
        let path = try folder.write("many.tsv", text)
        #expect(try scan([path], batchSize: 1024).passages == 300_000)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/scratch") == [])
        let twice = try folder.write("twice.tsv", text + "\n214159\ty\n")
        #expect(
            throws: CorpusError.duplicateID(
                id: "214159", first: SourcePlace(path: twice, line: 214_160),
                second: SourcePlace(path: twice, line: 300_002))
        ) { try scan([twice], batchSize: 1024) }
    }

    @Test func `ids that only look alike are two ids`() throws {
        let path = try #require(folder).write(
            "a.tsv", "\u{E9}\tx\ne\u{301}\ty\n1\tx\n01\ty\n 1\tz\n")
        #expect(try scan([path]).passages == 5)
    }

    @Test func `malformed records are counted, and batches pass over them`() throws {
        let path = try #require(folder).write("a.tsv", "1\ta\nbad\n2\tb\n\nworse\tx\ty\n3\tc\n")
        let source = try CorpusSource(paths: [path], format: .msmarco)
        let scan = try SourceScan.run(
            source: source, batchSize: 2, skipMalformed: true,
            scratchFolder: #require(folder).path)
        #expect(scan.passages == 3)
        #expect(scan.skippedLines == 2)
        #expect(scan.firstSkipped.count == 2)
        let reader = try PassageReader(
            source, startingAt: scan.batches[1].start, skipMalformed: true)
        #expect(try reader.next()?.id == "3")
    }

    @Test func `progress counts passages and bytes`() throws {
        var last: (UInt64, UInt64) = (0, 0)
        _ = try SourceScan.run(
            source: CorpusSource(paths: [fixtures + "/psgs.tsv.gz"]), batchSize: 5,
            scratchFolder: #require(folder).path, progress: { last = ($0, $1) })
        let size = try Data(contentsOf: URL(fileURLWithPath: fixtures + "/psgs.tsv")).count
        #expect(last == (120, UInt64(size)))
    }
}
