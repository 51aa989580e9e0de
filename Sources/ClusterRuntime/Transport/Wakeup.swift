import Base
import Glibc

/// A descriptor that any thread can make readable, to end another's poll.
///
/// A pipe of which at most a few bytes are used; the C library's module has no `eventfd`.
final class Wakeup: Sendable {
    /// What to poll.
    let descriptor: CInt
    private let writable: CInt

    init() throws(TransportError) {
        var ends: [CInt] = [0, 0]
        guard pipe(&ends) == 0 else {
            throw .system(call: "pipe", reason: FileError.words())
        }
        descriptor = ends[0]
        writable = ends[1]
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
    }

    deinit {
        close(descriptor)
        close(writable)
    }

    /// Makes the descriptor readable; where the pipe is full it is so already.
    func signal() {
        var byte: UInt8 = 1
        _ = write(writable, &byte, 1)
    }

    /// Makes it unreadable again.
    func clear() {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
            while read(descriptor, buffer.baseAddress, buffer.count) == buffer.count {}
        }
    }
}
