public import ClusterCore
public import Formats

/// Collections as people and programs read them.
public struct CollectionReport: Sendable {
    private let collections: [CollectionStatus]
    private let isServing: Bool

    /// Makes a report of collections.
    ///
    /// - Parameter isServing: Whether a cluster is there to serve them, so that it is worth telling
    ///   which worker holds which shard.
    public init(_ collections: [CollectionStatus], isServing: Bool) {
        self.collections = collections
        self.isServing = isServing
    }

    /// Whether there are none.
    public var isEmpty: Bool { collections.isEmpty }

    /// One line a collection.
    public var table: String {
        let headings = [
            "collection", "state", "passages", "dimension", "metric", "shards", "batches", "size",
        ]
        let rows = collections.map { item in
            let loaded = item.shards.count(where: \.loaded)
            return [
                item.name, item.state,
                "\(Quantity.count(item.committed)) of \(Quantity.count(item.passages))",
                "\(item.dimension)", item.index.metric,
                isServing ? "\(loaded) of \(item.shardCount)" : "\(item.shardCount)",
                "\(item.batchesCommitted) of \(item.batches)", Quantity.bytes(item.bytes),
            ]
        }
        return TextTable(headings, rows, right: [2, 3, 5, 6, 7]).text
    }

    /// All of each collection.
    public var text: String { collections.map(text).joined(separator: "\n") }

    private func text(_ item: CollectionStatus) -> String {
        var facts: [(String, String)] = [
            ("name", item.name), ("state", item.state),
            ("passages", "\(Quantity.count(item.committed)) of \(Quantity.count(item.passages))"),
            ("batches", "\(item.batchesCommitted) of \(item.batches)"),
            ("dimension", "\(item.dimension)"), ("metric", item.index.metric),
            ("index", item.index.kind), ("vectors", item.index.vectors),
            ("memory", item.index.memory), ("generation", "\(item.generation)"),
            ("size", Quantity.bytes(item.bytes)),
            ("created", item.created), ("source", item.paths.joined(separator: "\n")),
            ("source digest", item.sourceDigest),
            ("question model", item.questionModel.isEmpty ? "none" : item.questionModel),
            ("context model", item.contextModel), ("fingerprint", item.fingerprint),
        ]
        facts += item.encoder.facts
        facts += item.towers.map { ($0.name + " encoder", $0.text) }
        if isServing, let coverage = item.coverage { facts.append(("coverage", coverage.text)) }
        return FactList.text(facts) + "\n\n" + shards(item) + "\n"
    }

    private func shards(_ item: CollectionStatus) -> String {
        let rows = item.shards.map { shard in
            let worker = shard.worker.isEmpty ? "none" : shard.worker
            return ["\(shard.shard)", Quantity.count(shard.rows)]
                + (isServing
                    ? [shard.rows == 0 ? "" : worker + (shard.loaded ? "" : " (loading)")] : [])
        }
        let headings = ["shard", "passages"] + (isServing ? ["worker"] : [])
        return TextTable(headings, rows, right: [0, 1]).text
    }

    /// All collections for programs.
    public var document: JSONValue { .array(collections.map(\.document)) }

    /// Each collection for programs, by itself.
    public var documents: [JSONValue] { collections.map(\.document) }
}

extension CollectionStatus {
    /// The collection for programs.
    var document: JSONValue {
        [
            "name": .string(name), "state": .string(state), "passages": .integer(passages),
            "passages_committed": .integer(committed), "batches": .integer(batches),
            "batches_committed": .integer(batchesCommitted),
            "dimension": .integer(UInt64(dimension)), "metric": .string(index.metric),
            "index": .string(index.kind), "vectors": .string(index.vectors),
            "memory": .string(index.memory), "encoder": encoder.document,
            "question_encoder": questionEncoder?.resolvedDocument ?? .null,
            "context_encoder": contextEncoder?.resolvedDocument ?? .null,
            "generation": .integer(generation), "bytes": .integer(bytes),
            "created": .string(created), "source": .strings(paths),
            "source_digest": .string(sourceDigest), "question_model": .string(questionModel),
            "context_model": .string(contextModel), "fingerprint": .string(fingerprint),
            "coverage": coverage?.document ?? .null,
            "shards": .array(
                shards.map {
                    [
                        "shard": .integer(UInt64($0.shard)), "passages": .integer($0.rows),
                        "worker": .string($0.worker), "loaded": .bool($0.loaded),
                    ]
                }),
        ]
    }
}

extension CollectionStatus {
    /// What holds of each tower, or why that is not known.
    fileprivate var towers: [(name: String, text: String)] {
        let unknown = "as its fingerprint proves: made by an earlier release"
        let context = [(name: "context", text: contextEncoder?.resolvedText ?? unknown)]
        guard !questionModel.isEmpty else { return context }
        return [(name: "question", text: questionEncoder?.resolvedText ?? unknown)] + context
    }
}

extension EncoderSettings {
    /// What holds of a tower, on a few lines.
    fileprivate var resolvedText: String {
        var lines = ["pooling \(pooling)" + (normalize == "yes" ? ", made unit length" : "")]
        lines.append("at most \(Quantity.count(UInt64(maximumLength), "token"))")
        if lowerCase == "yes" { lines.append("lower-cased first") }
        if poolsPrompt == "no" { lines.append("a prompt's tokens do not count") }
        for (name, prefix) in [("question", questionPrefix), ("passage", passagePrefix)] {
            if let prefix, !prefix.isEmpty { lines.append("\(name) prefix “\(prefix)”") }
        }
        return lines.joined(separator: "\n")
    }

    /// What holds of a tower, for programs.
    fileprivate var resolvedDocument: JSONValue {
        [
            "pooling": .string(pooling), "normalize": .bool(normalize == "yes"),
            "maximum_length": .integer(UInt64(maximumLength)),
            "lower_case": .bool(lowerCase == "yes"), "pools_prompt": .bool(poolsPrompt == "yes"),
            "question_prefix": .string(questionPrefix ?? ""),
            "passage_prefix": .string(passagePrefix ?? ""),
        ]
    }

    /// What was chosen, by name; what was not is left out.
    fileprivate var facts: [(String, String)] {
        [
            ("segment ids", segmentIDs), ("precision", precision), ("weights", weights),
            ("question prefix", questionPrefix.map { "“\($0)”" } ?? ""),
            ("passage prefix", passagePrefix.map { "“\($0)”" } ?? ""),
            ("pooling", pooling), ("unit length", normalize),
            ("maximum length", maximumLength == 0 ? "" : "\(maximumLength)"),
            ("weights not finite", allowsNonfinite ? "let pass" : ""),
        ].filter { !$0.1.isEmpty }
    }

    /// What was chosen, for programs.
    fileprivate var document: JSONValue {
        let text = { (text: String?) in text.map { JSONValue.string($0) } ?? .null }
        return [
            "segment_ids": text(segmentIDs.isEmpty ? nil : segmentIDs),
            "question_prefix": text(questionPrefix), "passage_prefix": text(passagePrefix),
            "precision": .string(precision.isEmpty ? "float32" : precision),
            "weights": .string(weights.isEmpty ? "f32" : weights),
            "allow_nonfinite": .bool(allowsNonfinite),
        ]
    }
}
