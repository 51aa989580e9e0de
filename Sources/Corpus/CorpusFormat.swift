/// The forms a passage corpus comes in; each may be compressed with gzip.
public enum CorpusFormat: String, CaseIterable, Sendable, Codable {
    /// Tab-separated with csv quoting: `id`, `text`, `title`, or as a header names them.
    case psgs
    /// BEIR's `corpus.jsonl`: `_id`, `title`, `text`.
    case beir
    /// MS MARCO's `collection.tsv`: `id` and `text`, without quoting.
    case msmarco
    /// One JSON object a line: `id`, `title`, `text`.
    case jsonl
    /// SQuAD's nested JSON: each paragraph under its article's title, equal paragraphs once.
    ///
    /// A paragraph has no id of its own: its id is its number among those of the source, from 1.
    case squad
}
