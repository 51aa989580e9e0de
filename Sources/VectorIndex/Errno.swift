import Glibc

/// What the system's error numbers mean to a user.
enum Errno {
    /// The system's own words for `code`.
    static func text(_ code: Int32) -> String {
        String(cString: strerror(code))
    }

    /// What a user can do about `code`.
    static func remedy(_ code: Int32) -> String {
        switch code {
        case ENOSPC, EDQUOT, EFBIG: "Free space on that disk, then try again."
        case EACCES, EPERM, EROFS: "Give this user write access to the folder, or choose another."
        case ENOENT, ENOTDIR: "Check that the path exists, and create the folder if it does not."
        case EMFILE, ENFILE: "Raise the limit of open files (ulimit -n)."
        case ENOMEM: "Raise the limit of memory maps (vm.max_map_count), or free memory."
        default: "Check the disk, then try again."
        }
    }

    /// Repeats a call that a signal interrupted; −1 becomes a typed error.
    static func check<Value: FixedWidthInteger>(
        _ operation: String, _ path: String, _ call: () -> Value
    ) throws(IndexError) -> Value {
        while true {
            let result = call()
            if result != -1 { return result }
            let code = errno
            if code != EINTR { throw .fileSystem(operation: operation, path: path, code: code) }
        }
    }
}
