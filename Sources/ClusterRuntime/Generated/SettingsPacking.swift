// Written by scripts/generate-proto from proto/; not by hand.

import CClusterProtocol
import ClusterCore

extension EncoderSettings: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.bytes(256), canBeEmpty: true),  // segment_ids
        FieldLimits(.bytes(1_048_576), canBeEmpty: true, count: 1),  // question_prefix
        FieldLimits(.bytes(1_048_576), canBeEmpty: true, count: 1),  // passage_prefix
        FieldLimits(.bytes(256), canBeEmpty: true),  // precision
        FieldLimits(.bytes(256), canBeEmpty: true),  // weights
        FieldLimits(.any),  // allows_nonfinite
        FieldLimits(.bytes(256), canBeEmpty: true),  // pooling
        FieldLimits(.bytes(256), canBeEmpty: true),  // normalize
        FieldLimits(.atMost(1_048_576)),  // maximum_length
        FieldLimits(.bytes(256), canBeEmpty: true),  // lower_case
        FieldLimits(.bytes(256), canBeEmpty: true),  // pools_prompt
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__EncoderSettings>) {
        sheaf__v1__encoder_settings__init(c)
    }

    func fill(_ c: inout Sheaf__V1__EncoderSettings) throws(WireError) {
        try Pack.text(segmentIDs, of: "EncoderSettings", &c.segment_ids)
        try Pack.optionalText(
            questionPrefix, of: "EncoderSettings", &c.question_prefix, &c.n_question_prefix
        )
        try Pack.optionalText(
            passagePrefix, of: "EncoderSettings", &c.passage_prefix, &c.n_passage_prefix
        )
        try Pack.text(precision, of: "EncoderSettings", &c.precision)
        try Pack.text(weights, of: "EncoderSettings", &c.weights)
        c.allows_nonfinite = allowsNonfinite ? 1 : 0
        try Pack.text(pooling, of: "EncoderSettings", &c.pooling)
        try Pack.text(normalize, of: "EncoderSettings", &c.normalize)
        c.maximum_length = maximumLength
        try Pack.text(lowerCase, of: "EncoderSettings", &c.lower_case)
        try Pack.text(poolsPrompt, of: "EncoderSettings", &c.pools_prompt)
    }

    init(_ c: Sheaf__V1__EncoderSettings) throws(WireError) {
        try self.init(
            segmentIDs: Unpack.text(c.segment_ids, "EncoderSettings.segment_ids"),
            questionPrefix: Unpack.optionalText(
                c.question_prefix, c.n_question_prefix, "EncoderSettings.question_prefix"),
            passagePrefix: Unpack.optionalText(
                c.passage_prefix, c.n_passage_prefix, "EncoderSettings.passage_prefix"),
            precision: Unpack.text(c.precision, "EncoderSettings.precision"),
            weights: Unpack.text(c.weights, "EncoderSettings.weights"),
            allowsNonfinite: c.allows_nonfinite != 0,
            pooling: Unpack.text(c.pooling, "EncoderSettings.pooling"),
            normalize: Unpack.text(c.normalize, "EncoderSettings.normalize"),
            maximumLength: c.maximum_length,
            lowerCase: Unpack.text(c.lower_case, "EncoderSettings.lower_case"),
            poolsPrompt: Unpack.text(c.pools_prompt, "EncoderSettings.pools_prompt"))
    }
}

extension IndexSettings: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.bytes(256), canBeEmpty: true),  // metric
        FieldLimits(.bytes(256), canBeEmpty: true),  // kind
        FieldLimits(.bytes(256), canBeEmpty: true),  // vectors
        FieldLimits(.bytes(256), canBeEmpty: true),  // memory
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__IndexSettings>) {
        sheaf__v1__index_settings__init(c)
    }

    func fill(_ c: inout Sheaf__V1__IndexSettings) throws(WireError) {
        try Pack.text(metric, of: "IndexSettings", &c.metric)
        try Pack.text(kind, of: "IndexSettings", &c.kind)
        try Pack.text(vectors, of: "IndexSettings", &c.vectors)
        try Pack.text(memory, of: "IndexSettings", &c.memory)
    }

    init(_ c: Sheaf__V1__IndexSettings) throws(WireError) {
        try self.init(
            metric: Unpack.text(c.metric, "IndexSettings.metric"),
            kind: Unpack.text(c.kind, "IndexSettings.kind"),
            vectors: Unpack.text(c.vectors, "IndexSettings.vectors"),
            memory: Unpack.text(c.memory, "IndexSettings.memory"))
    }
}
