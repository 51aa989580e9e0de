import Foundation
import TestSupport
import Testing

/// Damage to a data folder as a user meets it: `search` says what is wrong and which command heals
/// it, and that command does.
///
/// A few cases of each kind here, a hundred in `scripts/verify damage`.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct DamagedFolderTests {
    /// What is damaged, by its place in the data folder.
    enum Kind: String, CaseIterable, Sendable {
        case segment, manifest, catalog, log, token

        func files(_ data: String) throws -> [String] {
            func all(_ folder: String, _ ending: String) throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
                    .filter { $0.hasSuffix(ending) }.map { folder + "/" + $0 }
            }
            return switch self {
            case .segment: try all(data + "/collections/c/segments", ".safetensors")
            case .manifest: try all(data + "/collections/c/generations", ".json").suffix(1)
            case .catalog: [data + "/catalog.sqlite"]
            case .log: try all(data, ".sqlite-wal")
            case .token: [data + "/run/token"]
            }
        }
    }

    private enum End: String, CaseIterable {
        case harmless, healed, healedAfterRebuild, refused
    }

    private struct Bench {
        let folder: TemporaryFolder
        let model: String
        let corpus: String
        let expected: String

        var base: String { folder.path + "/base" }
        /// The command that makes the collection, and heals it.
        let index: [String]
        static let search = [
            "search", "river stone", "--collection", "c", "-k", "20", "--format", "trec",
            "--workers", "1",
        ]

        init() throws {
            folder = try TemporaryFolder()
            model = try Fixtures.tinyModel(in: folder.path)
            corpus = try Fixtures.corpus(in: folder.path, count: 120)
            index = [
                "index", corpus, "--collection", "c", "--model", model, "--workers", "1",
                "--shards", "3", "--quiet",
            ]
            let base = folder.path + "/base"
            let made = try Program.run(index, data: base)
            #expect(made.status == 0, "\(made)")
            expected = try Program.run(Self.search, data: base).output
            #expect(expected.split(separator: "\n").count == 20)
            // Sockets that nobody holds any more, and that no copy can be made of.
            for name in try FileManager.default.contentsOfDirectory(atPath: base + "/run")
            where name.hasSuffix(".sock") {
                try FileManager.default.removeItem(atPath: base + "/run/" + name)
            }
        }

        /// A copy of the data folder, without the sockets of its cluster.
        func copy() throws -> String {
            let copy = folder.path + "/case"
            try? FileManager.default.removeItem(atPath: copy)
            try FileManager.default.copyItem(atPath: base, toPath: copy)
            return copy
        }
    }

    @Test(arguments: Kind.allCases)
    func `no damaged file gives a wrong answer, and the same command heals it`(kind: Kind) throws {
        let bench = try Bench()
        defer { bench.folder.remove() }
        let cases = Damage.cases(2, "SHEAF_DAMAGE_PROGRAM_CASES")
        var ends: [End: Int] = [:]
        for seed in 0..<cases {
            var dice = Dice(seed: UInt64(1000 + seed))
            let data = try bench.copy()
            guard let file = dice.pick(try kind.files(data)),
                let damage = try Damage.inflict(on: file, &dice)
            else { continue }
            let end = try outcome(bench, data, "seed \(seed): \(file) \(damage)")
            ends[end, default: 0] += 1
        }
        let report = End.allCases.compactMap { end in
            ends[end].map { "\(end.rawValue) \($0)" }
        }.joined(separator: ", ")
        print("damage: program: \(kind.rawValue): \(report) of \(cases)")
        #expect(((cases - (ends[.refused] ?? 0)) * 100) >= cases * 95, "\(kind): \(report)")
    }

    private func outcome(_ bench: Bench, _ data: String, _ what: String) throws -> End {
        var isRebuilt = false
        var wasWrong = false
        for _ in 0..<2 {
            let search = try Program.run(Bench.search, data: data)
            if search.status == 0 {
                #expect(search.output == bench.expected, "\(what): a wrong answer")
                break
            }
            wasWrong = true
            #expect(search.output.isEmpty, "\(what): \(search)")
            guard search.error.contains("sheaf collections rebuild"), !isRebuilt else {
                #expect(search.error.contains("sheaf index"), "\(what): \(search.error)")
                break
            }
            isRebuilt = true
            let rebuild = try Program.run(["collections", "rebuild"], data: data)
            #expect(rebuild.status == 0, "\(what): \(rebuild)")
        }
        let index = try Program.run(bench.index + ["--json"], data: data)
        guard index.status == 0 else {
            #expect(
                ["sheaf index", "sheaf collections"].contains { index.error.contains($0) },
                "\(what): \(index.error)")
            return .refused
        }
        let healed = try Program.run(Bench.search, data: data)
        #expect(healed.status == 0 && healed.output == bench.expected, "\(what): \(healed)")
        wasWrong = wasWrong || Self.saysHealed(index.output)
        return isRebuilt ? .healedAfterRebuild : wasWrong ? .healed : .harmless
    }

    /// Whether a number of the summary says that something was healed.
    private static func saysHealed(_ summary: String) -> Bool {
        summary.contains(/"(segments_missing|segments_damaged|manifests|catalog_rows)": ?[1-9]/)
    }

    @Test func `a summary says what was healed, for people and for programs`() throws {
        let bench = try Bench()
        defer { bench.folder.remove() }
        let data = try bench.copy()
        let segments = try Kind.segment.files(data)
        try FileManager.default.removeItem(atPath: segments[0])
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: segments[1]))
        try FileManager.default.removeItem(atPath: data + "/collections/c/generations")
        let refused = try Program.run(Bench.search, data: data)
        #expect(refused.status == 3 && refused.error.contains("sheaf index … --collection c"))
        let index = try Program.run(bench.index, data: data)
        #expect(index.status == 0, "\(index)")
        #expect(
            index.output.contains(
                """
                healed: missing segments encoded again: 1, damaged segments replaced: 1, \
                manifests written again: 1
                """), "\(index.output)")
        #expect(FileManager.default.fileExists(atPath: segments[1] + ".damaged"))
        let again = try Program.run(bench.index, data: data)
        #expect(again.output.contains("complete already"), "\(again)")
        #expect(try Program.run(Bench.search, data: data).output == bench.expected)
    }
}
