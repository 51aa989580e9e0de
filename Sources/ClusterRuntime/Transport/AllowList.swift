import Glibc

/// The public keys in a folder, read anew when it changes.
struct AllowList {
    private let folder: String
    private var keys: Set<String> = []
    private var modified: (Int, Int) = (0, 0)
    private var read: ContinuousClock.Instant?

    init(folder: String) {
        self.folder = folder
    }

    /// Whether a key of 32 bytes is let in.
    ///
    /// The folder's time of change tells of files added and removed at once; one that is
    /// rewritten in place is seen within half a second.
    mutating func allows(_ key: [UInt8], now: ContinuousClock.Instant = .now) -> Bool {
        guard let text = KeyFile.text(ofKey: key) else { return false }
        return contains(text, now: now)
    }

    /// Whether a key in Z85 is let in.
    mutating func contains(_ key: String, now: ContinuousClock.Instant = .now) -> Bool {
        var status = stat()
        guard stat(folder, &status) == 0 else { return false }
        let changed = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        let isFresh = read.map { $0.duration(to: now) < .milliseconds(500) } == true
        if !isFresh || modified != changed {
            keys = Self.keys(in: folder)
            modified = changed
            read = now
        }
        return keys.contains(key)
    }

    /// The keys of all `*.public` files; a file that holds none lets nobody in.
    private static func keys(in folder: String) -> Set<String> {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var keys: Set<String> = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".public"), let key = try? KeyFile.read("\(folder)/\(name)") {
                keys.insert(key)
            }
        }
        return keys
    }
}
