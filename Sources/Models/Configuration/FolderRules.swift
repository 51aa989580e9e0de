/// By which rules a sentence encoder's folder is read.
///
/// A collection knows its encoder by the fingerprint. Where that does not fit today's rules, the
/// earlier ones are tried, so a collection that was made by them is still searched and continued.
enum FolderRules: CaseIterable, Sendable {
    /// As sentence-transformers reads it, Simple Transformers saves it, and a training leaves it.
    case current
    /// As `current`, but pooled as sentence-transformers pools up to 5.4: joined modes stand in the
    /// order of its flags, and `cls` is a text's first token even where its prompt is left out.
    /// Here and below letters keep their case where tokenizer.json does it and no setting says
    /// otherwise.
    case earlierPooling
    /// As sentence-transformers up to 5.4 alone reads it.
    case sentenceTransformers
    /// As release 0.1.0 read it: texts of at most 256 tokens unless sentence_bert_config.json says
    /// otherwise, the first prompt of passage, document and corpus even where it is empty, and
    /// neither `include_prompt` nor `do_lower_case` heeded.
    case first

    /// Whether what a training, or Simple Transformers, has left counts.
    var areOfTraining: Bool { self == .current || self == .earlierPooling }

    /// Whether lengths, prompts and lower-casing are those of sentence-transformers.
    var areOfSentenceTransformers: Bool { self != .first }
}
