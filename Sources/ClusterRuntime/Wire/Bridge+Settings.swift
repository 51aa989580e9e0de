// Protocol buffers in C and back: what a user chose for a collection.

import CClusterProtocol
import ClusterCore

extension EncoderSettings: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__EncoderSettings>) {
        sheaf__v1__encoder_settings__init(c)
    }

    func fill(_ c: inout Sheaf__V1__EncoderSettings, _ arena: PackArena) {
        c.segment_ids = arena.string(segmentIDs)
        (c.n_question_prefix, c.question_prefix) = arena.strings(
            questionPrefix.map { [$0] } ?? [])
        (c.n_passage_prefix, c.passage_prefix) = arena.strings(passagePrefix.map { [$0] } ?? [])
        c.precision = arena.string(precision)
        c.weights = arena.string(weights)
        c.allows_nonfinite = allowsNonfinite ? 1 : 0
        c.pooling = arena.string(pooling)
        c.normalize = arena.string(normalize)
        c.maximum_length = maximumLength
        c.lower_case = arena.string(lowerCase)
        c.pools_prompt = arena.string(poolsPrompt)
    }

    init(_ c: Sheaf__V1__EncoderSettings) throws(WireError) {
        guard c.n_question_prefix <= 1, c.n_passage_prefix <= 1 else {
            throw .malformed(part: "EncoderSettings")
        }
        self.init(
            segmentIDs: try Unpack.text(c.segment_ids, "EncoderSettings.segment_ids"),
            questionPrefix: try Unpack.texts(
                c.question_prefix, c.n_question_prefix, "EncoderSettings.question_prefix"
            ).first,
            passagePrefix: try Unpack.texts(
                c.passage_prefix, c.n_passage_prefix, "EncoderSettings.passage_prefix"
            ).first,
            precision: try Unpack.text(c.precision, "EncoderSettings.precision"),
            weights: try Unpack.text(c.weights, "EncoderSettings.weights"),
            allowsNonfinite: c.allows_nonfinite != 0,
            pooling: try Unpack.text(c.pooling, "EncoderSettings.pooling"),
            normalize: try Unpack.text(c.normalize, "EncoderSettings.normalize"),
            maximumLength: c.maximum_length,
            lowerCase: try Unpack.text(c.lower_case, "EncoderSettings.lower_case"),
            poolsPrompt: try Unpack.text(c.pools_prompt, "EncoderSettings.pools_prompt"))
    }
}

extension IndexSettings: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__IndexSettings>) {
        sheaf__v1__index_settings__init(c)
    }

    func fill(_ c: inout Sheaf__V1__IndexSettings, _ arena: PackArena) {
        c.metric = arena.string(metric)
        c.kind = arena.string(kind)
        c.vectors = arena.string(vectors)
        c.memory = arena.string(memory)
    }

    init(_ c: Sheaf__V1__IndexSettings) throws(WireError) {
        self.init(
            metric: try Unpack.text(c.metric, "IndexSettings.metric"),
            kind: try Unpack.text(c.kind, "IndexSettings.kind"),
            vectors: try Unpack.text(c.vectors, "IndexSettings.vectors"),
            memory: try Unpack.text(c.memory, "IndexSettings.memory"))
    }
}
