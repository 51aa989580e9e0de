import Corpus
import Foundation
import TestSupport
import Testing

@testable import VectorIndex

/// Files that are shortened while they are mapped: without more ado the system would end the
/// process, or zeros would be taken for vectors and texts.
struct ShortenedFileTests {
    private static let dimension = 64
    private static let rows = [40, 40, 40]

    private let folder: TemporaryFolder
    private let vectors: [Float]
    private let question: [Float]

    init() throws {
        folder = try TemporaryFolder()
        var dice = Dice(seed: 5)
        vectors = (0..<Self.rows.reduce(0, +) * Self.dimension).map { _ in dice.normal() }
        question = (0..<Self.dimension).map { _ in dice.normal() }
    }

    /// A fresh set of segments and their index.
    private func shard(
        _ kind: String, _ memory: ShardMemory = .vectors
    ) throws -> (segments: [Segment], index: ShardIndex) {
        let parts = try segments(vectors, dimension: Self.dimension, rows: Self.rows, in: folder)
        return (
            parts,
            try ShardIndex(segments: parts, metric: .innerProduct, kind: kind, memory: memory)
        )
    }

    private func hits(of index: ShardIndex, threads: Int = 1) throws(IndexError) -> [Hit] {
        try index.search(questions: question, count: 1, k: 10, threads: threads)[0]
    }

    @Test(arguments: [
        ("exact", ShardMemory.vectors), ("exact", .codes), ("Flat", .vectors),
    ])
    func `a search over a shortened file gives an error that names it, never other hits`(
        kind: String, memory: ShardMemory
    ) throws {
        var dice = Dice(seed: 7)
        let whole = try shard(kind, memory)
        let expected = try hits(of: whole.index)
        let length = whole.segments[1].bytes
        let lengths = [0, 1, 100, 4095, 4096, 4097, 8192, length - 4096, length - 2, length - 1]
        for cut in lengths + (0..<30).map({ _ in dice.below(length) }) {
            let (parts, index) = try shard(kind, memory)
            #expect(try hits(of: index) == expected)
            let path = parts[1].path
            #expect(truncate(path, cut) == 0)
            for threads in [1, 3] {
                #expect(throws: IndexError.changedInUse(path: path), "\(cut) of \(length)") {
                    try hits(of: index, threads: threads)
                }
            }
            #expect(index.damagedFiles == [path])
            // Put back for the next round: a segment of the same content has the same name.
            try FileManager.default.removeItem(atPath: path)
        }
    }

    @Test func `passages of a shortened file are refused, and those of the others are read`()
        throws
    {
        let (parts, index) = try shard("exact")
        let path = parts[2].path
        let expected = try index.passage(Ordinal(3))
        #expect(truncate(path, 200) == 0)
        for ordinal in UInt64(80)..<120 {
            #expect(throws: (any Error).self) { try index.passage(Ordinal(ordinal)) }
        }
        #expect(throws: IndexError.changedInUse(path: path)) { try parts[2].id(0) }
        #expect(try index.passage(Ordinal(3)) == expected)
        #expect(!parts[2].isWhole && parts[0].isWhole && parts[1].isWhole)
    }

    @Test func `a file that was cut and filled up with zeros is not taken for whole`() throws {
        let (parts, index) = try shard("exact")
        let (path, length) = (parts[0].path, parts[0].bytes)
        for cut in [length - 1, length / 2] {
            #expect(truncate(path, cut) == 0 && truncate(path, length) == 0)
            #expect(throws: IndexError.changedInUse(path: path)) { try hits(of: index) }
        }
    }

    @Test func `a file that is replaced or removed stays as it was mapped`() throws {
        let (parts, index) = try shard("exact")
        let expected = try hits(of: index)
        try FileManager.default.removeItem(atPath: parts[0].path)
        try Data(repeating: 1, count: 10).write(
            to: URL(fileURLWithPath: parts[1].path), options: .atomic)
        #expect(try hits(of: index) == expected)
        #expect(index.damagedFiles.isEmpty)
    }

    @Test func `mappings that come and go leave the marks of the others alone`() throws {
        let (parts, index) = try shard("exact")
        #expect(truncate(parts[1].path, 100) == 0)
        #expect(throws: IndexError.self) { try hits(of: index) }
        for _ in 0..<300 {
            let segment = try Segment.open(path: parts[0].path, expecting: nil)
            _ = try segment.passage(5)
            #expect(segment.isWhole)
        }
        #expect(index.damagedFiles == [parts[1].path])
    }
}
