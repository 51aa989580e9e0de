import Base
import Foundation
import TestSupport
import Testing

@testable import VectorIndex

struct FaissIndexTests {
    private func random(_ count: Int, seed: UInt64) -> [Float] {
        var generator = Dice(seed: seed)
        return (0..<count).map { _ in generator.normal() }
    }

    @Test func `an index written to a file is read back`() throws {
        let folder = try TemporaryFolder()
        let vectors = random(50 * 6, seed: 51)
        for metric in Metric.allCases {
            let index = try FaissIndex(kind: "Flat", dimension: 6, metric: metric)
            try vectors.withUnsafeBufferPointer { (all) throws(IndexError) in try index.add(all) }
            try index.write(to: "\(folder.path)/index")
            let again = try FaissIndex(reading: "\(folder.path)/index")
            #expect(again.rows == 50 && again.dimension == 6)
            #expect(try again.vectors(0..<50) == vectors)
            #expect(try again.vectors(7..<9) == Array(vectors[42..<54]))
            let found = try vectors.withUnsafeBufferPointer { (all) throws(IndexError) in
                try (index.search(all, k: 3), again.search(all, k: 3))
            }
            #expect(found.0.rows == found.1.rows && found.0.scores == found.1.scores)
        }
    }

    @Test func `an exception of Faiss becomes an error with its message`() throws {
        #expect(throws: IndexError.self) { try FaissIndex(reading: "/nonexistent") }
        let index = try FaissIndex(kind: "IVF8,Flat", dimension: 4, metric: .l2)
        let few = random(3 * 4, seed: 52)
        let error = #expect(throws: IndexError.self) {
            try few.withUnsafeBufferPointer { (all) throws(IndexError) in try index.train(all) }
        }
        #expect(error.map { "\($0)" }?.contains("Faiss could not train: ") == true)
        #expect(throws: IndexError.self) { try index.vectors(0..<1) }
    }

    @Test func `a search looks into as many lists as was set, whatever stands around them`() throws
    {
        let vectors = random(400 * 4, seed: 53)
        for kind in ["IVF16,Flat", "IVF16,Flat,RFlat", "PCA4,IVF16,Flat", "IVF16,PQ4x4fs"] {
            let index = try FaissIndex(kind: kind, dimension: 4, metric: .l2)
            try vectors.withUnsafeBufferPointer { (all) throws(IndexError) in
                try index.train(all)
                try index.add(all)
                try index.set("nprobe", 1)
                let one = try index.search(all, k: 100).rows
                try index.set("nprobe", 16)
                let every = try index.search(all, k: 100).rows
                #expect(one.contains(-1) && !every.contains(-1), "\(kind)")
            }
        }
        let flat = try FaissIndex(kind: "Flat", dimension: 4, metric: .l2)
        #expect(throws: IndexError.self) { try flat.set("nprobe", 4) }
    }

    @Test func `a search on a new thread starts no threads of its own`() throws {
        let vectors = random(5000 * 32, seed: 54)
        let index = try FaissIndex(kind: "Flat", dimension: 32, metric: .innerProduct)
        try vectors.withUnsafeBufferPointer { (all) throws(IndexError) in try index.add(all) }
        // Other tests start threads meanwhile, so only the fewest of many tries is looked at.
        let started = (0..<20).map { _ in
            Threads.map(count: 2, threads: 2) { _ in
                vectors.withUnsafeBufferPointer { all in
                    let before = threadsOfThisProcess()
                    _ = try? index.search(UnsafeBufferPointer(rebasing: all[..<(64 * 32)]), k: 10)
                    return threadsOfThisProcess() - before
                }
            }[1]
        }
        #expect(started.contains { $0 <= 0 })
    }
}

private func threadsOfThisProcess() -> Int {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task"))?.count ?? 0
}
