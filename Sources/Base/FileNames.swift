internal import Glibc

/// Names in folders: they outlive a power cut once their folder is synced.
package enum FileNames {
    /// The folder that a path's last name is in.
    package static func folder(of path: String) -> String {
        var name = path[...]
        while name.count > 1, name.last == "/" { name.removeLast() }
        guard let slash = name.lastIndex(of: "/") else { return "." }
        return slash == name.startIndex ? "/" : String(name[..<slash])
    }

    /// What a path names in the end: a symbolic link leads to its target, which may be missing yet.
    ///
    /// A link of the system that stands for an open file, such as `/dev/stdout`, stays as it is.
    package static func target(of path: String) -> String {
        var path = path
        // As many links as the system follows.
        for _ in 0..<40 {
            var name = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = readlink(path, &name, name.count - 1)
            guard count > 0 else { return path }
            let target = String(
                decoding: name[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let next = target.hasPrefix("/") ? target : folder(of: path) + "/" + target
            if path.hasPrefix("/dev/fd/") || next.hasPrefix("/proc/") { return path }
            path = next
        }
        return path
    }

    /// Gives a file or folder another name in its file system, and syncs the folder of that.
    package static func rename(_ old: String, to new: String) throws(FileError) {
        try FileError.check("renaming to", new) { Glibc.rename(old, new) }
        try sync(folder: folder(of: new))
    }

    /// Makes the names in a folder durable, those that are gone too.
    package static func sync(folder: String) throws(FileError) {
        let file: OpenFile
        do throws(FileError) {
            file = try OpenFile(folder, O_RDONLY | O_DIRECTORY)
        } catch {
            // A folder that may be entered but not read belongs to somebody else, and is there.
            if error.code == EACCES { return }
            throw error
        }
        do throws(FileError) {
            try file.sync()
        } catch {
            // Some file systems sync their folders by themselves and do not know the call.
            if error.code != EINVAL { throw error }
        }
    }

    /// Makes the content of a file durable.
    package static func sync(file path: String) throws(FileError) {
        try OpenFile(path, O_RDONLY).sync()
    }
}
