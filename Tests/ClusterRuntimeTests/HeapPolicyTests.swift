import Foundation
import Glibc
import Testing

@testable import ClusterRuntime

@Suite struct HeapPolicyTests {
    @Test func `what many threads took goes back, whatever the size of the blocks`() {
        HeapPolicy.set()
        let threads = 8
        let size = 24 << 20
        let before = ProcessFacts.residentBytes()
        let done = DispatchSemaphore(value: 0)
        let mayEnd = DispatchSemaphore(value: 0)
        for _ in 0..<threads {
            Thread.detachNewThread {
                // One large block is what makes the C library keep more by itself.
                free(malloc(size))
                let blocks = (0..<(size >> 20)).map { _ in malloc(1 << 20) }
                for block in blocks { _ = block.map { memset($0, 1, 1 << 20) } }
                for block in blocks { free(block) }
                done.signal()
                // Its arena is given to no other thread while it lives.
                mayEnd.wait()
            }
        }
        for _ in 0..<threads { done.wait() }
        let after = ProcessFacts.residentBytes()
        for _ in 0..<threads { mayEnd.signal() }
        #expect(after < before + UInt64(threads * size / 4), "\(before >> 20), \(after >> 20)")
    }
}
