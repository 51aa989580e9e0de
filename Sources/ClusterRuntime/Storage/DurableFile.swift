import Base
public import Foundation

/// Files of a data folder: a reader finds the old or the new content, whatever dies in between.
public enum DurableFile {
    /// Writes a file that its owner alone can read; see ``WholeFile``.
    public static func write(_ data: Data, to path: String) throws(ClusterError) {
        try giving(ClusterError.init(storage:)) { () throws(FileError) in
            try WholeFile.write(Array(data), to: path, for: .owner)
        }
    }

    /// Makes the names in `folder` durable, those that are gone too.
    public static func syncFolder(_ folder: String) throws(ClusterError) {
        try giving(ClusterError.init(storage:)) { () throws(FileError) in
            try FileNames.sync(folder: folder)
        }
    }

    /// Makes the content of the file at `path` durable.
    static func syncFile(_ path: String) throws(ClusterError) {
        try giving(ClusterError.init(storage:)) { () throws(FileError) in
            try FileNames.sync(file: path)
        }
    }
}

extension ClusterError {
    /// A file of a data folder could not be written.
    init(storage error: FileError) {
        let what =
            switch error.operation {
            case "opening": "cannot be opened"
            case "creating": "cannot be created"
            case "renaming to": "cannot be renamed to"
            default: "cannot be written"
            }
        self.init(
            storage: error, "\(what): \(error.reason)",
            remedy: "Check the folder's permissions.")
    }

    /// A call on a file of a data folder failed; a full disk has the same remedy everywhere.
    init(storage error: FileError, _ reason: String? = nil, remedy: String) {
        let isFull = [ENOSPC, EDQUOT].contains(error.code)
        self = .storage(
            path: error.path, reason: reason ?? error.reason,
            remedy: isFull ? "Free some disk space and try again." : remedy)
    }
}
