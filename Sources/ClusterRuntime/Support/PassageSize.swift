import Corpus

extension Passage {
    /// Bytes that the passage takes in a block: its three lengths and its three texts.
    var wireBytes: Int { 12 + id.utf8.count + title.utf8.count + text.utf8.count }
}
