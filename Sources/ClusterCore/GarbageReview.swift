import Base

/// A file that nothing names, marked to be looked at again before it is deleted.
public struct GarbageMark: Hashable, Sendable {
    /// The file, by its path in the folder of its collection.
    public var object: String
    /// When it was marked, in seconds of the Unix clock.
    public var since: Int64
    /// The epoch of the coordinator that marked it.
    public var epoch: UInt64

    /// Makes a mark.
    public init(object: String, since: Int64, epoch: UInt64) {
        self.object = object
        self.since = since
        self.epoch = epoch
    }
}

/// Which files of a collection are marked as garbage, and which marked ones are deleted.
///
/// A file goes through: named → unnamed → marked → deleted, and back to named from each but the
/// last. Time is the Unix clock, since a mark outlives its coordinator.
///
/// 1. A file that a row of the catalog or a manifest names is never deleted.
/// 2. A file is deleted only when its mark and its last change are both older than `waitSeconds`:
///    longer than any search, upload or lease, so that nobody still counts on it.
/// 3. A mark of a later epoch, or from the future, says that the catalog or the clock was put back:
///    the wait begins anew.
/// 4. While a manifest cannot be read, no segment is marked or deleted: it may name any of them.
/// 5. What else lies there is left alone, damaged segments that were set aside too.
public struct GarbageReview: Sendable {
    /// A file in the folder of a collection.
    public struct File: Hashable, Sendable {
        /// Its path in that folder.
        public var object: String
        /// When it last changed, in seconds of the Unix clock.
        public var modified: Int64

        /// Makes a file.
        public init(object: String, modified: Int64) {
            self.object = object
            self.modified = modified
        }
    }

    /// What a file is, by its name.
    public enum Kind: Hashable, Sendable {
        /// A segment.
        case segment(sha256: String)
        /// What a writer leaves that was killed.
        case temporary
        /// Anything else.
        case other
    }

    /// What is done about one file.
    public enum Effect: Hashable, Sendable {
        case mark(String)
        case unmark(String)
        case delete(GarbageMark)
    }

    /// Seconds between mark and deletion.
    public var waitSeconds: Int64
    /// Now, in seconds of the Unix clock.
    public var now: Int64
    /// The epoch of the coordinator that looks.
    public var epoch: UInt64

    /// Makes a review at one moment.
    public init(waitSeconds: Int64, now: Int64, epoch: UInt64) {
        self.waitSeconds = waitSeconds
        self.now = now
        self.epoch = epoch
    }

    /// What is done about the files of one collection.
    ///
    /// - Parameters:
    ///   - named: SHA-256 of each segment that a row or a manifest names.
    ///   - knowsAll: False when a manifest cannot be read.
    public func effects(
        files: [File], marks: [GarbageMark], named: Set<String>, knowsAll: Bool
    ) -> [Effect] {
        var left: [String: GarbageMark] = [:]
        for mark in marks { left[mark.object] = mark }
        var effects: [Effect] = []
        for file in files {
            let mark = left.removeValue(forKey: file.object)
            guard isGarbage(file, named, knowsAll) else {
                if mark != nil { effects.append(.unmark(file.object)) }
                continue
            }
            guard let mark, mark.epoch <= epoch, mark.since <= now else {
                effects.append(.mark(file.object))
                continue
            }
            // Both lie within the clock's range, and a file's time may be anything.
            let begin = max(mark.since, file.modified)
            if begin <= now, now - begin >= waitSeconds { effects.append(.delete(mark)) }
        }
        effects += left.keys.sorted().map(Effect.unmark)
        return effects
    }

    private func isGarbage(
        _ file: File, _ named: Set<String>, _ knowsAll: Bool
    ) -> Bool {
        switch GarbageReview.kind(of: file.object) {
        case .segment(let sha256): knowsAll && !named.contains(sha256)
        case .temporary: true
        case .other: false
        }
    }

    /// The path of a segment in the folder of its collection.
    public static func object(of sha256: String) -> String {
        "segments/" + sha256 + ".safetensors"
    }

    /// What the file at this path in a collection's folder is.
    public static func kind(of object: String) -> Kind {
        let parts = object.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, ["segments", "generations"].contains(parts[0]) else {
            return .other
        }
        let name = parts[1]
        if name.hasPrefix(WholeFile.temporaryPrefix) || name.hasSuffix(".tmp") { return .temporary }
        guard parts[0] == "segments" else { return .other }
        let digest = String(name.prefix(64))
        let isDigest = Hexadecimal.isSHA256(digest.utf8)
        return isDigest && name.dropFirst(64) == ".safetensors" ? .segment(sha256: digest) : .other
    }
}
