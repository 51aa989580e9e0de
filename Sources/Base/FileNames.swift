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
