import Base
import ClusterCore
import Foundation

/// The folders whose files clients of other hosts may have the coordinator read.
///
/// Clients on the coordinator's own host are not limited: the system's permissions are.
public struct PathRoots: Equatable, Sendable {
    /// Where corpora may lie.
    public var corpora: [String]
    /// Where models may lie.
    public var models: [String]

    /// Makes roots; none lets no path through.
    public init(corpora: [String] = [], models: [String] = []) {
        self.corpora = corpora
        self.models = models
    }

    /// A folder as it was named, seen from the working folder of this process.
    public static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    /// Throws where a root is not there or cannot be looked into: a misspelled one is said at the
    /// start and not at the first request.
    func check() throws(ClusterError) {
        for (option, roots) in [("--corpora", corpora), ("--models", models)] {
            for root in roots where access(root, R_OK) != 0 {
                throw .input(
                    """
                    \(option) \(root): \(FileError.words()). Make the folder, or \
                    let this user read it, or leave the option out.
                    """)
            }
        }
    }

    /// Throws where a path of a request lies outside of its roots.
    func check(_ request: IndexRequest) throws(ClusterError) {
        for path in request.paths { try check(path, in: corpora, option: "--corpora", "Corpora") }
        for path in [request.questionModel, request.contextModel] where !path.isEmpty {
            try check(path, in: models, option: "--models", "Models")
        }
    }

    /// Throws where a path of a request lies outside of its roots.
    func check(_ request: QueryRequest) throws(ClusterError) {
        guard !request.questionModel.isEmpty else { return }
        try check(request.questionModel, in: models, option: "--models", "Models")
    }

    private func check(
        _ path: String, in roots: [String], option: String, _ what: String
    ) throws(ClusterError) {
        guard !roots.isEmpty else {
            throw .input(
                """
                \(path): clients of other hosts may name no such path, since the coordinator was \
                started without \(option) DIR. Start it with one, or run the command on its host.
                """)
        }
        // What lies elsewhere is not asked for, so that nobody learns whether it is there.
        guard path.hasPrefix("/"), let real = Self.resolved(path),
            roots.contains(where: { Self.resolved($0).map { Self.contains($0, real) } == true })
        else {
            throw .input(
                """
                \(path) does not lie in a folder that clients of other hosts may name. \(what) lie \
                in \(roots.joined(separator: " or ")) at the coordinator (\(option)): name a full \
                path there.
                """)
        }
    }

    private static func contains(_ root: String, _ path: String) -> Bool {
        path == root || path.hasPrefix(root.hasSuffix("/") ? root : root + "/")
    }

    /// The path without links and dots, as far as it exists; nil where that cannot be said.
    ///
    /// A missing last part is kept: the reader says that it is missing. What follows a missing
    /// folder must not climb out of it.
    static func resolved(_ path: String) -> String? {
        if let whole = realpath(path, nil) {
            defer { free(whole) }
            return String(cString: whole)
        }
        guard errno == ENOENT || errno == ENOTDIR else { return nil }
        let parts = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        guard let last = parts.last, last != "..", last != "." else { return nil }
        // A link that leads nowhere is not a missing file: its target may come to be.
        var status = stat()
        guard lstat(path, &status) != 0 else { return nil }
        guard let parent = resolved("/" + parts.dropLast().joined(separator: "/")) else {
            return nil
        }
        return (parent == "/" ? "" : parent) + "/" + last
    }
}
