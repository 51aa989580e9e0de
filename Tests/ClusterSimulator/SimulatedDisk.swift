import TestSupport

/// The segment files of one folder: what is written may be lost until it is synced.
///
/// A process that dies leaves what it wrote; a host that loses its power leaves what was synced,
/// and of the rest nothing, or a file that is torn.
struct SimulatedDisk {
    private enum File {
        case written
        case synced
        case torn
    }

    private var files: [String: File] = [:]

    /// Whether a segment is here, whole and synced.
    func contains(_ sha256: String) -> Bool { files[sha256] == .synced }

    /// Whether a file is here that is not what its name says.
    func isTorn(_ sha256: String) -> Bool { files[sha256] == .torn }

    /// Writes a segment; one that is here already is the same.
    mutating func write(_ sha256: String) {
        if files[sha256] != .synced { files[sha256] = .written }
    }

    /// Makes a segment durable.
    mutating func sync(_ sha256: String) {
        if files[sha256] == .written { files[sha256] = .synced }
    }

    /// Renames a damaged file: it is never read again.
    mutating func setAside(_ sha256: String) {
        if files[sha256] == .torn { files[sha256] = nil }
    }

    /// A file vanishes.
    mutating func lose(_ sha256: String) { files[sha256] = nil }

    /// The host loses its power.
    mutating func losePower(_ dice: inout Dice) {
        for name in files.keys.sorted() where files[name] == .written {
            files[name] = dice.once(in: 2) ? .torn : nil
        }
    }

    /// Deletes all but the segments of these names.
    mutating func formIntersection(_ names: Set<String>) {
        files = files.filter { names.contains($0.key) }
    }
}
