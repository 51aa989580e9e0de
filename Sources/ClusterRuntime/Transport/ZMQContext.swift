import CZeroMQ
import Glibc

/// Owns a ZeroMQ context: its I/O thread, and what all sockets of a process share.
///
/// A process that has one must not fork: the child would hold sockets without their threads.
/// Sockets keep their context alive, so it ends after the last of them.
final class ZMQContext {
    let handle: UnsafeMutableRawPointer

    /// Starts a context with one I/O thread.
    init() throws(TransportError) {
        guard let handle = zmq_ctx_new() else { throw lastError("zmq_ctx_new") }
        self.handle = handle
    }

    /// Waits until what lingers in closed sockets is sent, or their linger is over.
    deinit {
        zmq_ctx_shutdown(handle)
        while zmq_ctx_term(handle) != 0 && zmq_errno() == EINTR {}
    }

    /// Whether the library was built with a capability, such as `curve`.
    static func has(_ capability: String) -> Bool {
        zmq_has(capability) == 1
    }
}

/// The error of the ZeroMQ call that just failed on this thread.
func lastError(_ call: String) -> TransportError {
    .system(call: call, reason: reason(zmq_errno()))
}

/// The library's words for an error number.
func reason(_ number: CInt) -> String {
    String(cString: zmq_strerror(number))
}

/// Raises the limit of open files to 65,536, or to what the system allows this process.
///
/// ZeroMQ ends the process when it runs out of descriptors, and each connection takes some. Not
/// higher: programs that are started may look at every descriptor below the limit.
func raiseFileLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0,
        limit.rlim_cur < min(limit.rlim_max, 65_536)
    else { return }
    limit.rlim_cur = min(limit.rlim_max, 65_536)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// The most connections that others may have to this process: half of its open files at most, so
/// that the other half is left for files and for ZeroMQ itself.
func connectionLimit() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 512 }
    return Int(min(limit.rlim_cur / 2, 4096))
}
