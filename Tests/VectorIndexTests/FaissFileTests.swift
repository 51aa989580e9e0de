import Corpus
import Foundation
import TestSupport
import Testing

@testable import VectorIndex

struct FaissFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: [Metric.innerProduct, .l2])
    func `segments written as a Faiss index are read back`(metric: Metric) throws {
        var generator = Dice(seed: 71)
        let vectors = (0..<30 * 5).map { _ in generator.normal() }
        let parts = try segments(vectors, dimension: 5, rows: [10, 20], in: folder)
        let path = "\(folder.path)/all.faiss"
        for _ in 0..<2 {
            try FaissFile.write(segments: parts.reversed(), metric: metric, path: path)
            let read = try FaissFile.read(path: path)
            #expect(read.metric == metric && read.dimension == 5 && read.vectors == vectors)
        }
        let ids = try String(contentsOfFile: "\(path).ids.txt", encoding: .utf8)
        #expect(ids == (0..<30).map { "p\($0)\n" }.joined())
        #expect(try folder.names.filter { $0.contains("writing") } == [])
    }

    @Test func `for cosine the file holds vectors of length 1`() throws {
        let path = "\(folder.path)/unit.faiss"
        let parts = try segments([3, 4, 0, 0, -5, 12], dimension: 2, rows: [3], in: folder)
        try FaissFile.write(segments: parts, metric: .cosine, path: path)
        let read = try FaissFile.read(path: path)
        #expect(read.metric == .innerProduct)
        let unit: [Float] = [0.6, 0.8, 0, 0, -5.0 / 13, 12.0 / 13]
        #expect(read.vectors == unit)
    }

    @Test func `what cannot be written leaves nothing behind`() throws {
        #expect(throws: IndexError.self) {
            try FaissFile.write(segments: [], metric: .l2, path: "\(folder.path)/none")
        }
        let parts = try segments([1, 2], dimension: 2, rows: [1], in: folder)
        #expect(throws: IndexError.self) {
            try FaissFile.write(
                segments: parts, metric: .l2, path: "\(folder.path)/missing/index")
        }
        #expect(try folder.names.count == 1)
        var content = content(first: 5, dimension: 2, vectors: [1, 2])
        content.passages[0].id = "two\nlines"
        let file = try Segment.write(content, folder: folder.path)
        let segment = try Segment.open(path: file.path, expecting: file.sha256)
        #expect(throws: IndexError.lineBreakInID(path: file.path, row: 0)) {
            try FaissFile.write(segments: [segment], metric: .l2, path: "\(folder.path)/index")
        }
        #expect(try folder.names.count == 2)
    }

    @Test func `a damaged or foreign file is refused before Faiss sees it`() throws {
        let path = "\(folder.path)/index"
        let parts = try segments([1, 2, 3, 4, 5, 6], dimension: 2, rows: [3], in: folder)
        try FaissFile.write(segments: parts, metric: .l2, path: path)
        let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        func refuses(_ bytes: [UInt8]) throws -> Bool {
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            do {
                _ = try FaissFile.read(path: path)
                return false
            } catch IndexError.malformedFaissFile {
                return true
            }
        }
        for length in original.indices { #expect(try refuses(Array(original[..<length]))) }
        #expect(try refuses(original + [0]))
        // Kind, dimension, rows, metric and number of floats.
        for place in [0, 3, 4, 7, 8, 15, 33, 37, 44] {
            for bit in 0..<8 {
                var bytes = original
                bytes[place] ^= 1 << bit
                #expect(try refuses(bytes), "byte \(place), bit \(bit)")
            }
        }
        let hnsw = try FaissIndex(kind: "HNSW32", dimension: 2, metric: .l2)
        try hnsw.write(to: path)
        #expect(throws: IndexError.self) { try FaissFile.read(path: path) }
    }
}
