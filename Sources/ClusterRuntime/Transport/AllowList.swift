import Base
public import ClusterCore
import Glibc

/// The keys that are let in: the `*.public` files of a folder, read anew when it changes.
public struct AllowList {
    private let folder: String
    private var entries: [String: AllowedKey] = [:]
    private var modified: (Int, Int) = (0, 0)
    private var read: ContinuousClock.Instant?
    /// What is wrong with files of the folder, by their names: their holders are not let in.
    public private(set) var problems: [String: String] = [:]

    /// The list of a folder.
    public init(folder: String) {
        self.folder = folder
    }

    /// Whether a key of 32 bytes is let in.
    mutating func allows(_ key: [UInt8], now: ContinuousClock.Instant = .now) -> Bool {
        guard let text = KeyFile.text(ofKey: key) else { return false }
        return contains(text, now: now)
    }

    /// Whether a key in Z85 is let in.
    mutating func contains(_ key: String, now: ContinuousClock.Instant = .now) -> Bool {
        entry(of: key, now: now) != nil
    }

    /// The entry of a key in Z85; nil where it is not let in.
    public mutating func entry(
        of key: String, now: ContinuousClock.Instant = .now
    ) -> AllowedKey? {
        refresh(now: now)
        return entries[key]
    }

    /// What was read last, by name.
    public var keys: [AllowedKey] { entries.values.sorted { $0.name < $1.name } }

    /// Reads the folder again where it changed, and twice a second.
    ///
    /// The folder's time of change tells of files added and removed at once; one that is
    /// rewritten in place is seen within half a second.
    public mutating func refresh(now: ContinuousClock.Instant = .now) {
        var status = stat()
        guard stat(folder, &status) == 0 else {
            entries = [:]
            problems = ["": Self.problem(folder, FileError.words())]
            read = nil
            return
        }
        let changed = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        let isFresh = read.map { $0.duration(to: now) < .milliseconds(500) } == true
        guard !isFresh || modified != changed else { return }
        modified = changed
        read = now
        readFolder()
    }

    /// The names of the key files in a folder, in order; nil where it cannot be read.
    public static func files(in folder: String) -> [String]? {
        guard let directory = opendir(folder) else { return nil }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(ending) { names.append(name) }
        }
        return names.sorted()
    }

    private static let ending = ".public"

    /// The name of the entry that a file makes.
    public static func name(ofFile file: String) -> String { String(file.dropLast(ending.count)) }

    private mutating func readFolder() {
        entries = [:]
        problems = [:]
        guard let files = Self.files(in: folder) else {
            problems[""] = Self.problem(folder, FileError.words())
            return
        }
        for file in files {
            do throws(TransportError) {
                let content = try PublicKeyFile("\(folder)/\(file)")
                let entry = AllowedKey(
                    name: Self.name(ofFile: file), fingerprint: content.fingerprint,
                    role: content.role ?? .unsaid)
                if let first = entries[content.key] {
                    problems[file] = """
                        \(folder)/\(file) holds the key of “\(first.name)” once more, and is not \
                        looked at. Remove one of the two.
                        """
                } else {
                    entries[content.key] = entry
                }
            } catch {
                let reason = if case .keyFile(_, let reason) = error { reason } else { "\(error)" }
                problems[file] = Self.problem("\(folder)/\(file)", reason)
            }
        }
    }

    private static func problem(_ path: String, _ reason: String) -> String {
        """
        \(path) lets nobody in: \(reason). Make it readable to this user (chmod 644 a file, 755 \
        a folder), or copy it again from where `sheaf keys generate` made it.
        """
    }
}
