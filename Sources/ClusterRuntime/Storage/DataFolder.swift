import Foundation

/// Layout of the data folder: the one place where a cluster keeps what must survive.
///
/// Folders have mode 0700 and files 0600, whatever the umask.
///
///     catalog.sqlite                 what there is
///     collections/NAME/segments/     immutable segment files, named by their SHA-256
///     collections/NAME/generations/  manifests of what a search sees
///     workers/NAME/                  segment copies of a worker on another host
///     lock                           held by the coordinator
///     reserve                        room for a start on a full disk
///     run/                           sockets, token, process ids, logs
public struct DataFolder: Hashable, Sendable {
    /// Absolute path of the folder.
    public let path: String

    /// Names the folder at `path`, which need not exist yet.
    public init(path: String) {
        self.path = URL(fileURLWithPath: path).standardizedFileURL.path
    }

    /// The folder that `--data` names, else `$SHEAF_DATA`, else `./sheaf-data`.
    public static func resolve(_ option: String?) -> DataFolder {
        let environment = ProcessInfo.processInfo.environment["SHEAF_DATA"]
        return DataFolder(path: option ?? environment ?? "sheaf-data")
    }

    /// The SQLite file.
    public var catalog: String { path + "/catalog.sqlite" }
    /// Room for a start on a full disk.
    var reserve: String { path + "/reserve" }
    /// Sockets, token and logs.
    public var run: String { path + "/run" }
    /// Held by the one coordinator of this folder.
    public var lock: String { path + "/lock" }
    /// Held by it too: the lock of earlier releases.
    public var formerLock: String { run + "/lock" }
    /// A secret of this folder: who knows it sees the same files.
    public var token: String { run + "/token" }
    /// The workers that a coordinator expects at its start.
    public var expected: String { run + "/workers.json" }
    /// Where the running coordinator can be reached.
    public var announcement: String { run + "/coordinator.json" }

    /// Everything of one collection.
    public func collection(_ name: String) -> String { path + "/collections/" + name }
    /// Whether there is a catalog, or collections that one must have known.
    public var holdsCollections: Bool {
        FileManager.default.fileExists(atPath: catalog) || !collectionsOnDisk.isEmpty
    }

    /// The collections that have a folder here, whatever the catalog says, by name.
    var collectionsOnDisk: [String] {
        let names =
            (try? FileManager.default.contentsOfDirectory(atPath: path + "/collections")) ?? []
        return names.filter(DataFolder.isValidCollectionName).sorted()
    }

    /// The segment files of one collection.
    public func segments(_ name: String) -> String { collection(name) + "/segments" }
    /// The generation manifests of one collection.
    public func generations(_ name: String) -> String { collection(name) + "/generations" }
    /// Segment copies of a worker that does not share this folder with its coordinator.
    public func workerSegments(_ worker: String, _ collection: String) -> String {
        path + "/workers/" + worker + "/" + collection
    }
    /// The log of one process.
    public func log(_ process: String) -> String { run + "/" + process + ".log" }

    /// Makes the folder and its `run/`, readable by their owner alone.
    public func create() throws(ClusterError) {
        try makeFolder(path)
        try makeFolder(run)
    }

    /// Makes `folder`, which lies in this one, and its parents where they are missing: readable by
    /// their owner alone, and there after a power cut.
    public func makeFolder(_ folder: String) throws(ClusterError) {
        try PrivateFolder.make(folder, below: path)
    }

    /// Makes the log of one process where it is missing, and gives its path.
    func makeLog(_ process: String) throws(ClusterError) -> String {
        let path = log(process)
        try PrivateFolder.makeFile(path)
        return path
    }

    /// Takes from others what an earlier release let them read.
    ///
    /// The folder itself is left where it holds more than what is ours.
    func tighten() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let ours = names.filter { name in
            ["collections", "workers", "run", "lock", "reserve"].contains(name)
                || name.hasPrefix("catalog.sqlite")
        }
        for name in ours { PrivateFolder.tighten(path + "/" + name) }
        if ours.count == names.count { chmod(path, PrivateFolder.folderMode) }
    }

    /// The id of the process that holds this folder as its coordinator, of whatever release; nil
    /// when none does.
    public func holder() throws(ClusterError) -> String? {
        if let holder = try FolderLock.holder(of: lock) { return holder }
        return try FolderLock.holder(of: formerLock)
    }

    /// True when `name` can name a collection: it becomes a folder name.
    public static func isValidCollectionName(_ name: String) -> Bool {
        WireName.isCollection(name)
    }
}

/// What a running coordinator writes for those who look for it.
public struct Announcement: Codable, Equatable, Sendable {
    /// Its process.
    public var processID: Int32
    /// The control lane.
    public var endpoint: String
    /// The cluster's identity.
    public var clusterID: String
    /// The coordinator's epoch.
    public var epoch: UInt64

    /// Where the coordinator of a folder is.
    public enum Presence: Equatable, Sendable {
        /// No coordinator holds the folder.
        case nobody
        /// A coordinator holds it and can be reached.
        case here(Announcement)
        /// A process holds it and does not say where it can be reached: it starts, or stops, or
        /// its files were removed and it has not noticed yet.
        case unannounced(holder: String)
    }

    /// Looks for the coordinator that holds `folder`.
    ///
    /// The lock decides, not the file: a coordinator that was killed leaves its file behind. Throws
    /// where this process may not look.
    public static func presence(in folder: DataFolder) throws(ClusterError) -> Presence {
        guard let holder = try folder.holder() else { return .nobody }
        guard let data = FileManager.default.contents(atPath: folder.announcement),
            let announcement = try? JSONDecoder().decode(Announcement.self, from: data)
        else { return .unannounced(holder: holder) }
        return .here(announcement)
    }

    /// Publishes the announcement in `folder`.
    public func write(_ folder: DataFolder) throws(ClusterError) {
        do {
            try DurableFile.write(JSONEncoder().encode(self), to: folder.announcement)
        } catch let error as ClusterError {
            throw error
        } catch {
            throw .storage(
                path: folder.announcement, reason: "\(error)", remedy: "Report this as a bug.")
        }
    }
}
