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
        "sentence_bert_config.json", "config_sentence_transformers.json", "model_args.json",
        "generation_config.json", "spiece.model", "sentencepiece.bpe.model",
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
        let weights = Self.weights(in: "", of: files)
        guard !weights.isEmpty else {
            throw .request(
                """
                \(name) of \(base) has no weights that can be read. Name another model or \
                revision.
                """)
        }
        // Modules of sentence-transformers, such as 2_Dense, have weights of their own.
        let folders = Set(files.compactMap { Self.moduleFolder(of: $0.path) })
        return small + weights + folders.sorted().flatMap { Self.weights(in: $0, of: files) }
    }

    /// The weights in a folder, whose path ends with a slash.
    private static func weights(in folder: String, of files: [File]) -> [File] {
        for (whole, shard) in [
            ("model.safetensors", "model-"), ("pytorch_model.bin", "pytorch_model-"),
        ] {
            if let file = files.first(where: { $0.path == folder + whole }) { return [file] }
            let index = folder + whole + ".index.json"
            guard files.contains(where: { $0.path == index }) else { continue }
            return files.filter { $0.path == index || $0.path.hasPrefix(folder + shard) }
        }
        return []
    }

    /// The folder of a module that a file lies in: its number and its kind, as in `2_Dense/`.
    private static func moduleFolder(of path: String) -> String? {
        let parts = path.split(separator: "/")
        guard parts.count == 2, let line = parts[0].firstIndex(of: "_"),
            line > parts[0].startIndex, parts[0][..<line].allSatisfy(\.isNumber)
        else { return nil }
        return parts[0] + "/"
    }
}
