package import Models
package import Tokenizers

/// Whether a tokenizer and a generator's embeddings are of one vocabulary: the one rule for it.
package enum VocabularyFit {
    /// Refuses a tokenizer of another vocabulary than the model's.
    ///
    /// Embeddings may have rows beyond the vocabulary, up to the next multiple of 128, and may lack
    /// those of special tokens at its end, as the mask has none in some models of BART.
    ///
    /// - Throws: `ModelError.vocabularyMismatch`.
    package static func check(
        _ tokenizer: any TextTokenizer, folder: String, rows: Int
    ) throws(ModelError) {
        let pieces = tokenizer.vocabularySize
        let lacks = rows < pieces ? rows..<pieces : 0..<0
        guard rows <= (pieces + 127) / 128 * 128,
            lacks.count <= 8, lacks.allSatisfy({ tokenizer.isSpecial(Int32($0)) })
        else {
            throw .vocabularyMismatch(folder: folder, vocabulary: pieces, embeddingRows: rows)
        }
    }
}
