import Base
import Corpus
import Foundation
import TestSupport
import Testing

@testable import VectorIndex

struct SegmentTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func randomContent(_ seed: UInt64, rows: Int, dimension: Int) -> SegmentContent {
        var generator = Dice(seed: seed)
        let letters = Array("aé☃𝄞\"\\\n\u{0}\u{301} ")
        func word() -> String {
            String(
                (0..<Int.random(in: 0..<12, using: &generator)).compactMap { _ in
                    letters.randomElement(using: &generator)
                })
        }
        return SegmentContent(
            firstOrdinal: Ordinal(UInt64.random(in: 0...1 << 40, using: &generator)),
            dimension: dimension,
            vectors: (0..<rows * dimension).map { _ in generator.normal() },
            passages: (0..<rows).map { _ in Passage(id: word(), title: word(), text: word()) },
            sourceDigest: word(), batch: Int.random(in: 0..<1000, using: &generator),
            fingerprint: word())
    }

    @Test(arguments: [(1, 1), (1, 7), (2, 1), (3, 31), (17, 33), (100, 384), (1, 4097)])
    func `what is written is read back`(rows: Int, dimension: Int) throws {
        for seed in 0..<5 {
            let content = randomContent(UInt64(seed), rows: rows, dimension: dimension)
            let file = try Segment.write(content, folder: folder.path)
            #expect(file.path == "\(folder.path)/\(file.sha256).safetensors")
            for expected in [nil, file.sha256] {
                let segment = try Segment.open(path: file.path, expecting: expected)
                #expect(segment.rows == rows && file.rows == rows)
                #expect(segment.dimension == dimension)
                #expect(segment.firstOrdinal == content.firstOrdinal)
                #expect(segment.sourceDigest == content.sourceDigest)
                #expect(segment.batch == content.batch)
                #expect(segment.fingerprint == content.fingerprint)
                #expect(segment.bytes == file.bytes)
                #expect(segment.withVectors { Array($0) } == content.vectors)
                for row in 0..<rows {
                    #expect(try segment.passage(row) == content.passages[row])
                    #expect(try segment.id(row) == content.passages[row].id)
                    #expect(
                        segment.vector(row)
                            == Array(content.vectors[row * dimension..<(row + 1) * dimension]))
                }
            }
        }
    }

    @Test(arguments: VectorPrecision.allCases)
    func `how long a file will be is known before it is written`(
        precision: VectorPrecision
    ) throws {
        for (rows, dimension) in [(1, 1), (3, 31), (100, 384)] {
            var content = randomContent(UInt64(rows), rows: rows, dimension: dimension)
            content.precision = precision
            #expect(try Segment.write(content, folder: folder.path).bytes == content.fileBytes)
        }
    }

    @Test func `equal contents give one file`() throws {
        let content = randomContent(9, rows: 20, dimension: 5)
        let first = try Segment.write(content, folder: folder.path)
        let second = try Segment.write(content, folder: folder.path)
        #expect(first == second)
        #expect(try folder.names == ["\(first.sha256).safetensors"])
        var other = content
        other.batch += 1
        #expect(try Segment.write(other, folder: folder.path).sha256 != first.sha256)
    }

    @Test func `the bytes of the format do not change by accident`() throws {
        let file = try Segment.write(
            content(first: 7, dimension: 3, vectors: [1, 2, 3, -4, 5, 0.5]), folder: folder.path)
        #expect(
            file.sha256 == "ec80b432e4463e9dbcd9420a96e1c739582efc34ee175d78a96e1f8582275cf3")
    }

    @Test func `vectors begin on 64 bytes and integers on 8`() throws {
        for rows in 1...9 {
            for dimension in [1, 3, 16] {
                let content = randomContent(3, rows: rows, dimension: dimension)
                let file = try Segment.write(content, folder: folder.path)
                let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file.path)))
                let layout = try bytes.withUnsafeBytes { try SegmentLayout($0, path: "x") }
                #expect(layout.vectors.lowerBound % 64 == 0)
                for (offsets, _) in layout.texts { #expect(offsets % 8 == 0) }
            }
        }
    }

    @Test func `a vector that is not finite is refused by its passage's id`() throws {
        for bad: Float in [.nan, .infinity, -.infinity] {
            var content = randomContent(4, rows: 6, dimension: 4)
            content.passages[2].id = "the culprit"
            content.vectors[2 * 4 + 3] = bad
            let error = IndexError.nonFiniteVector(passageID: "the culprit", component: 3)
            #expect(throws: error) { try Segment.write(content, folder: folder.path) }
        }
        #expect(try folder.names.isEmpty)
    }

    @Test func `parts that do not agree are refused`() throws {
        let good = randomContent(5, rows: 3, dimension: 2)
        let changes: [(inout SegmentContent) -> Void] = [
            { $0.vectors.removeLast() }, { $0.passages.removeLast() }, { $0.dimension = 3 },
            { $0.dimension = 0 }, { $0.dimension = -1 }, { $0.dimension = .max },
            {
                $0.passages = []; $0.vectors = []
            }, { $0.batch = -1 },
            { $0.firstOrdinal = Ordinal(.max - 1) },
            { $0.fingerprint = String(repeating: "x", count: 1 << 16) },
        ]
        for change in changes {
            var content = good
            change(&content)
            #expect(throws: IndexError.self) { try Segment.write(content, folder: folder.path) }
        }
        #expect(try folder.names.isEmpty)
    }

    @Test func `a folder that cannot be written to is named with a remedy`() throws {
        let content = randomContent(6, rows: 1, dimension: 1)
        for place in ["\(folder.path)/missing", "/dev/null", "/proc"] {
            let error = #expect(throws: IndexError.self) {
                try Segment.write(content, folder: place)
            }
            let text = error.map { "\($0)" } ?? ""
            #expect(text.contains(place), "\(text)")
            #expect(text.hasSuffix("."), "\(text)")
        }
    }

    @Test func `a full disk is an error that says so`() throws {
        let error = IndexError(FileError("writing", "/data/segments", code: 28))
        #expect(error == .fileSystem(operation: "writing", path: "/data/segments", code: 28))
        #expect("\(error)".hasSuffix("Free space on that disk, then try again."))
    }

    @Test func `many writers at once do not disturb each other`() throws {
        let contents = (0..<4).map { randomContent(UInt64($0), rows: 8, dimension: 3) }
        let path = folder.path
        let files = Threads.map(count: 64, threads: 8) { range in
            range.map { try? Segment.write(contents[$0 % 4], folder: path).sha256 }
        }.flatMap { $0 }
        #expect(files.allSatisfy { $0 != nil } && Set(files).count == 4)
        #expect(try folder.names.count == 4)
    }
}

private let python = ProcessInfo.processInfo.environment["SHEAF_PYTHON"] ?? "python3"

private func pythonReadsSafetensors() -> Bool {
    (try? runPython("import safetensors.numpy")) != nil
}

private func runPython(_ script: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python, "-c", script]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    return String(decoding: data, as: UTF8.self)
}

struct SegmentInPythonTests {
    @Test(
        .enabled(
            if: pythonReadsSafetensors(),
            "set SHEAF_PYTHON to a Python that has numpy and safetensors"))
    func `Python's safetensors opens a segment`() throws {
        let folder = try TemporaryFolder()
        let file = try Segment.write(
            content(first: 7, dimension: 3, vectors: [1, 2, 3, -4, 5, 0.5]), folder: folder.path)
        let output = try runPython(
            """
            from safetensors import safe_open
            with safe_open("\(file.path)", "numpy") as f:
                print(f.metadata()["format"], f.metadata()["batch"])
                print(f.get_tensor("ordinals").tolist(), f.get_tensor("vectors").tolist())
                t, o = f.get_tensor("texts").tobytes(), f.get_tensor("texts_offsets").tolist()
                print([len(t[a:b].decode()) for a, b in zip(o, o[1:])])
            """)
        #expect(
            output == """
                sheaf-segment 0
                [7, 8] [[1.0, 2.0, 3.0], [-4.0, 5.0, 0.5]]
                [8, 8]

                """)
    }
}
