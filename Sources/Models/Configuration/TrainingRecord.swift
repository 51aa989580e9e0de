import Formats

/// What a training leaves beside a tower for those who use it: `sheaf_encoder.json`.
///
/// It holds what the files of other libraries cannot say, such as two lengths of one model; those
/// libraries do not look at it.
struct TrainingRecord: Equatable, Sendable {
    /// Its name.
    static let file = "sheaf_encoder.json"

    var questionTokens: Int
    var passageTokens: Int
    /// Of a DPR encoder alone.
    var segmentIDs: SegmentIDs?
    var prefixes = TextPrefixes()
    /// Where no list of modules says it.
    var pooling: PoolingChoice?
    /// Where no list of modules says it.
    var normalises: Bool?

    /// The record in `folder`; nil where there is none.
    static func read(_ folder: String) throws(ModelError) -> TrainingRecord? {
        let path = folder + "/" + file
        guard ModelDescription.exists(path) else { return nil }
        let json = try JSONFile(path, purpose: "what the model was trained with")
        let lengths = 8...1_048_576
        var record = TrainingRecord(
            questionTokens: try json.integer("max_question_tokens", in: lengths),
            passageTokens: try json.integer("max_passage_tokens", in: lengths))
        if let name = try json.string("segment_ids") {
            guard let ids = SegmentIDs(rawValue: name) else {
                throw json.invalid("segment_ids", "is \(name), not zero or pair")
            }
            record.segmentIDs = ids
        }
        record.prefixes.question = try json.string("question_prefix") ?? ""
        record.prefixes.passage = try json.string("passage_prefix") ?? ""
        if let name = try json.string("pooling") {
            guard let choice = PoolingChoice(rawValue: name) else {
                throw json.invalid("pooling", "is \(name), which is no way of pooling")
            }
            record.pooling = choice
        }
        record.normalises = try json.bool("normalize")
        return record
    }

    /// The record as the file holds it.
    var settings: [String: any Sendable] {
        var settings: [String: any Sendable] = [
            "max_question_tokens": questionTokens, "max_passage_tokens": passageTokens,
            "question_prefix": prefixes.question, "passage_prefix": prefixes.passage,
        ]
        if let segmentIDs { settings["segment_ids"] = segmentIDs.rawValue }
        if let pooling { settings["pooling"] = pooling.rawValue }
        if let normalises { settings["normalize"] = normalises }
        return settings
    }

    /// The options under which `tower` is used as it was trained.
    func options(for tower: Tower) -> EncoderOptions {
        EncoderOptions(
            segmentIDs: segmentIDs, questionPrefix: prefixes.question,
            passagePrefix: prefixes.passage, pooling: pooling, normalises: normalises,
            maximumLength: tower == .question ? questionTokens : passageTokens)
    }
}
