import Foundation
import FoundationNetworking

/// A model of a hub that speaks as Hugging Face's does: `api/models/NAME/tree/REVISION` lists its
/// files, `NAME/resolve/REVISION/FILE` gives them.
struct HubModel: Sendable {
    var base: String
    var name: String
    var revision: String

    private struct File: Decodable {
        struct Large: Decodable {
            /// SHA-256 of the content.
            var oid: String
        }
        var type: String
        var path: String
        var size: UInt64?
        var lfs: Large?
    }

    /// Files beside the weights that a model needs or is known by.
    private static let wanted: Set<String> = [
        "config.json", "vocab.txt", "vocab.json", "merges.txt", "tokenizer.json",
        "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "modules.json",
        "sentence_bert_config.json", "config_sentence_transformers.json",
    ]

    /// Fetches the model's files into `folder`.
    func fetch(
        into folder: String, _ session: URLSession,
        _ progress: @escaping @Sendable (String, UInt64, UInt64?) -> Void
    ) async throws(SheafError) {
        let root = try ModelFetch.address(base)
        guard
            let tree = URL(
                string: "api/models/\(name)/tree/\(revision)?recursive=true",
                relativeTo: slashed(root))
        else { throw .request("“\(name)” cannot name a model.") }
        let listed = try await ModelFetch.json(
            tree.absoluteURL, accept: "application/json", session, as: [File].self)
        let files = try chosen(listed.filter { $0.type == "file" })
        for file in files {
            let path = folder + "/" + file.path
            try typed {
                try FileManager.default.createDirectory(
                    atPath: (path as NSString).deletingLastPathComponent,
                    withIntermediateDirectories: true)
            }
            guard
                let url = URL(
                    string: "\(name)/resolve/\(revision)/\(file.path)", relativeTo: slashed(root))
            else { throw .request("\(base) lists the odd file name “\(file.path)”.") }
            let download = Download(
                url: url.absoluteURL, path: path, bytes: file.size, sha256: file.lfs?.oid)
            try await download.run(session) { progress(file.path, $0, $1) }
        }
    }

    /// A folder's address, so that names are looked up below it.
    private func slashed(_ url: URL) -> URL {
        url.absoluteString.hasSuffix("/") ? url : URL(string: url.absoluteString + "/") ?? url
    }

    /// Configuration, tokenizer, and one form of the weights: safetensors before pickled files,
    /// whole before sharded.
    private func chosen(_ files: [File]) throws(SheafError) -> [File] {
        for file in files {
            let parts = file.path.split(separator: "/", omittingEmptySubsequences: false)
            guard !parts.contains(""), !parts.contains(".."), !parts.contains(".") else {
                throw .request(
                    "\(base) lists “\(file.path)”, which leads elsewhere. Do not use this hub.")
            }
        }
        let small = files.filter { file in
            let name = file.path.split(separator: "/").last.map(String.init) ?? ""
            return Self.wanted.contains(name) && file.path.split(separator: "/").count <= 2
        }
        let weights = [
            ("model.safetensors", "model-"), ("pytorch_model.bin", "pytorch_model-"),
        ]
        for (whole, shard) in weights {
            if let file = files.first(where: { $0.path == whole }) { return small + [file] }
            let index = whole + ".index.json"
            guard files.contains(where: { $0.path == index }) else { continue }
            return small
                + files.filter { $0.path == index || $0.path.hasPrefix(shard) }
        }
        throw .request(
            "\(name) of \(base) has no weights that can be read. Name another model or revision.")
    }
}
