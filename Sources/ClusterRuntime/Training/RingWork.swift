import ClusterCore
import Dispatch
import Glibc
import Training

/// One operation on its way around the ring, and the memory it works in.
///
/// The caller makes it and waits; in between the ring's thread alone touches `progress` and
/// `failure`, which is why the class vouches for itself.
final class RingWork: @unchecked Sendable {
    let operation: CollectiveOperation
    let workspace: UnsafeMutableRawBufferPointer
    let loans: RingLoans
    var progress: RingProgress
    private let completion: () -> Void
    private var failure: CollectiveError?
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - workspace: stays, and is left alone, until ``wait()`` has returned.
    ///   - completion: what is left to do when all has come, on the ring's thread.
    init(
        _ operation: CollectiveOperation, steps: [RingStep], chunkBytes: Int,
        workspace: UnsafeMutableRawBufferPointer, loans: RingLoans,
        completion: @escaping () -> Void = {}
    ) {
        self.operation = operation
        self.workspace = workspace
        self.loans = loans
        self.completion = completion
        progress = RingProgress(steps: steps, chunkBytes: chunkBytes)
    }

    /// Waits for the end.
    func wait() throws(CollectiveError) {
        ended.wait()
        if let failure { throw failure }
    }

    /// Says that all has come, and that nobody reads the workspace any more.
    func succeed() {
        completion()
        ended.signal()
    }

    /// Says that it will not end well; the first reason counts.
    func fail(_ error: CollectiveError) {
        failure = error
        ended.signal()
    }

    /// Puts bytes that came where they belong.
    func take(_ bytes: UnsafeRawBufferPointer, at range: Range<Int>, _ arrival: RingStep.Arrival) {
        guard let source = bytes.baseAddress, let start = workspace.baseAddress else { return }
        let target = start + range.lowerBound
        switch arrival {
        case .store: target.copyMemory(from: source, byteCount: bytes.count)
        case .add: RingSum.add(bytes, to: target)
        }
    }
}

/// Sums of floats that lie in messages, at any address.
enum RingSum {
    /// Adds the floats of `source` to those at `target`, one by one.
    static func add(_ source: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer) {
        guard let start = source.baseAddress else { return }
        let stride = MemoryLayout<Float>.stride
        let values = target.assumingMemoryBound(to: Float.self)
        for index in 0..<source.count / stride {
            values[index] += start.loadUnaligned(fromByteOffset: index * stride, as: Float.self)
        }
    }
}

/// Owns memory that an operation needs beside the caller's.
final class RingScratch {
    let bytes: UnsafeMutableRawBufferPointer

    /// Throws where there is no such memory: how much is needed is what other ranks say.
    init(bytes count: Int) throws(CollectiveError) {
        // A multiple of the alignment, as aligned_alloc asks for.
        guard let start = aligned_alloc(64, (count + 63) & ~63) else {
            throw .transport(
                "\(count) bytes from all ranks do not fit in memory. Train with smaller batches, "
                    + "or on hosts with more memory.")
        }
        bytes = UnsafeMutableRawBufferPointer(start: start, count: count)
    }

    deinit {
        free(bytes.baseAddress)
    }
}
