import CKernels
import Glibc

/// A block of floats that starts on a cache line and is freed with its owner.
///
/// The owner sees to it that nobody writes while another thread reads: weights are filled once and
/// then shared, scratch buffers belong to one thread.
public final class FloatBuffer: @unchecked Sendable {
    /// The first float.
    public let start: UnsafeMutablePointer<Float>
    /// Number of floats.
    public let count: Int

    /// Makes a block of `count` floats of any value, to be written before they are read.
    public init(unset count: Int) {
        precondition(count >= 0, "a buffer of \(count) floats was asked for")
        self.count = count
        start = sheaf_allocate(count * MemoryLayout<Float>.stride)
            .bindMemory(to: Float.self, capacity: count)
    }

    /// Makes a block of `count` floats, all zero.
    public convenience init(zeros count: Int) {
        self.init(unset: count)
        start.update(repeating: 0, count: count)
    }

    /// Makes a block that holds `values`.
    public convenience init(_ values: some Collection<Float>) {
        self.init(unset: values.count)
        var next = start
        for value in values {
            next.pointee = value
            next += 1
        }
    }

    deinit {
        free(start)
    }

    /// The floats as an array.
    public var array: [Float] {
        Array(UnsafeBufferPointer(start: start, count: count))
    }
}
