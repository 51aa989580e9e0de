internal import Glibc

/// A call on a file that failed; each room gives it as an error of its own.
package struct FileError: Error, Equatable, Sendable {
    /// What was the matter.
    package enum Cause: Equatable, Sendable {
        /// The system refused, with this error number.
        case refused(Int32)
        /// A folder, where a file is meant.
        case isFolder
        /// A device, pipe or socket, where a file is meant.
        case notRegular
        /// The file ended before what was asked for.
        case ended
        /// The file became shorter while it was opened.
        case changed
    }

    /// The call, as in “writing PATH failed”.
    package var operation: String
    /// The file or folder.
    package var path: String
    /// What was the matter.
    package var cause: Cause

    /// Makes an error of a call that the system refused.
    package init(_ operation: String, _ path: String, code: Int32) {
        self.init(operation, path, .refused(code))
    }

    /// Makes an error.
    package init(_ operation: String, _ path: String, _ cause: Cause) {
        self.operation = operation
        self.path = path
        self.cause = cause
    }

    /// The error number that fits best.
    package var code: Int32 {
        switch cause {
        case .refused(let code): code
        case .isFolder: EISDIR
        case .notRegular: EINVAL
        case .ended, .changed: EIO
        }
    }

    /// What was the matter, in words.
    package var reason: String {
        switch cause {
        case .refused(let code): Self.words(code)
        case .isFolder: "it is a folder"
        case .notRegular: "it is not a regular file"
        case .ended: "cut off"
        case .changed: "it became shorter while it was opened"
        }
    }

    /// What a user can do about an error number.
    package static func remedy(_ code: Int32) -> String {
        switch code {
        case ENOSPC, EDQUOT, EFBIG: "Free space on that disk, then try again."
        case EACCES, EPERM, EROFS: "Give this user write access to the folder, or choose another."
        case ENOENT, ENOTDIR: "Check that the path exists, and create the folder if it does not."
        case EMFILE, ENFILE: "Raise the limit of open files (ulimit -n)."
        case ENOMEM: "Raise the limit of memory maps (vm.max_map_count), or free memory."
        default: "Check the disk, then try again."
        }
    }

    /// The system's own words for an error number; that of the last call where none is given.
    package static func words(_ code: Int32 = errno) -> String {
        String(cString: strerror(code))
    }

    /// Repeats a call that a signal interrupted; −1 becomes an error.
    @discardableResult
    package static func check<Value: FixedWidthInteger>(
        _ operation: String, _ path: String, _ call: () -> Value
    ) throws(FileError) -> Value {
        while true {
            let result = call()
            if result != -1 { return result }
            let code = errno
            if code != EINTR { throw FileError(operation, path, code: code) }
        }
    }
}

/// Runs something that fails with one error, and gives that as another room's.
@inlinable
package func giving<Value, Cause: Error, Failure: Error>(
    _ failure: (Cause) -> Failure, _ body: () throws(Cause) -> Value
) throws(Failure) -> Value {
    do throws(Cause) {
        return try body()
    } catch {
        throw failure(error)
    }
}
