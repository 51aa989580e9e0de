import Foundation
import TestSupport
import Testing

@testable import VectorIndex

/// What `--memory codes` promises of a shard's memory.
struct CodesMemoryTests {
    @Test(arguments: Metric.allCases)
    func `codes and what bounds need take little more than a quarter`(metric: Metric) throws {
        var generator = Dice(seed: 97)
        let folder = try TemporaryFolder()
        for dimension in [384, 768] {
            let rows = (0..<1000 * dimension).map { _ in generator.normal() }
            let parts = try segments(rows, dimension: dimension, rows: [1000], in: folder)
            let store = try RowStore(segments: parts, metric: metric, memory: .codes)
            let bytes = CodeTable(store).bytes
            #expect(Double(bytes) <= 0.28 * Double(4 * 1000 * dimension), "\(bytes)")
        }
    }

    @Test(arguments: VectorPrecision.allCases)
    func `no vector stays in memory after building or after a search`(
        precision: VectorPrecision
    ) throws {
        var generator = Dice(seed: 98)
        let folder = try TemporaryFolder()
        let (count, dimension) = (8192, 256)
        let rows = (0..<count * dimension).map { _ in
            Float(UInt32.random(in: 0..<2001, using: &generator)) / 1000 - 1
        }
        let parts = try segments(
            rows, dimension: dimension, rows: Array(repeating: 1024, count: 8), in: folder,
            precision: precision)
        for part in parts { _ = part.withVectors { $0.reduce(0, +) } }
        // The test sees what it looks for: read vectors lie in this process's memory.
        #expect(try parts.map(residentBytes).allSatisfy { $0 >= 1024 * dimension })
        let index = try ShardIndex(
            segments: parts, metric: .innerProduct, kind: "exact", memory: .codes)
        #expect(try parts.map(residentBytes).reduce(0, +) == 0)
        let questions = Array(rows[..<(70 * dimension)])
        for threads in [1, 2] {
            _ = try index.search(questions: questions, count: 70, k: 20, threads: threads)
            #expect(try parts.map(residentBytes).reduce(0, +) == 0, "\(threads) threads")
        }
    }

    /// Bytes of a segment's vectors that this process has in memory, whole pages of them.
    private func residentBytes(_ segment: Segment) throws -> Int {
        let start = UInt64(UInt(bitPattern: segment.vectorBytes.baseAddress))
        let page = UInt64(sysconf(Int32(_SC_PAGESIZE)))
        let pages = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/pagemap"))
        defer { try? pages.close() }
        let first = start / page
        let last = (start + UInt64(segment.vectorBytes.count)) / page
        try pages.seek(toOffset: first * 8)
        let entries = try pages.read(upToCount: Int(last - first) * 8) ?? Data()
        // The highest bit of the eight bytes of a page says whether it is present.
        let present = stride(from: 7, to: entries.count, by: 8).filter { entries[$0] & 0x80 != 0 }
        return present.count * Int(page)
    }
}
