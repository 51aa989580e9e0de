import ClusterRuntime
import Foundation

/// What is said when a library ends the program since it got no memory, thread or descriptor.
enum ResourceAbort {
    /// Turns an abort into a message and status 3, where limits are so tight that it may be theirs.
    ///
    /// ZeroMQ, the C++ library and Swift's allocator abort: there is no other way to hear of it.
    static func tell() {
        guard ProcessLimits.areTight else { return }
        signal(SIGABRT) { _ in
            let text: StaticString = """
                error: The system has refused memory, a thread or a descriptor. Raise the limits \
                (`ulimit -v`, `-u`, `-n`) and try again.

                """
            _ = unsafe write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
            _exit(3)
        }
    }
}
