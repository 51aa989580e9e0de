import Foundation
import Tensors
import Tokenizers

extension TextEncoder {
    /// Whether two folders hold one encoder of a side: the same settings, weights and tokenizer,
    /// however they are stored.
    ///
    /// Fingerprints tell files apart: a RAG folder has another one than the DPR question encoder
    /// that it was joined from. Reads each weight once.
    ///
    /// - Throws: `ModelError` for what a load refuses.
    public static func isSame(
        _ folder: String, as other: String, tower: Tower
    ) throws(ModelError) -> Bool {
        let options = EncoderOptions()
        return try OpenedModel(folder: folder, tower: tower, options: options)
            .isSame(as: OpenedModel(folder: other, tower: tower, options: options))
    }
}

extension OpenedModel {
    /// Text whose tokens tell case, accents, ideographs, punctuation and pieces.
    private static let probe = "The ÉCOLE's 東京 (1920) isn't unbelievably “naïve”, [MASK] zyqq!"

    fileprivate func isSame(as other: OpenedModel) throws(ModelError) -> Bool {
        guard description.settings == other.description.settings,
            description.configuration == other.description.configuration,
            dense.isEmpty, other.dense.isEmpty, hasTokens(of: other)
        else { return false }
        let pairs = zip(description.parameters, other.description.parameters)
        guard description.parameters.count == other.description.parameters.count,
            pairs.allSatisfy({ $0.shape == $1.shape })
        else { return false }
        for (parameter, twin) in pairs {
            try checkpoint.check(parameter)
            try other.checkpoint.check(twin)
            let count = parameter.shape.reduce(1, *)
            let (mine, its) = (FloatBuffer(unset: count), FloatBuffer(unset: count))
            try checkpoint.gatherAll(parameter.name, to: mine.start)
            try other.checkpoint.gatherAll(twin.name, to: its.start)
            guard memcmp(mine.start, its.start, count * MemoryLayout<Float>.size) == 0 else {
                return false
            }
        }
        return true
    }

    private func hasTokens(of other: OpenedModel) -> Bool {
        let (mine, its) = (tokenizer, other.tokenizer)
        return mine.vocabularySize == its.vocabularySize
            && (0..<Int32(mine.vocabularySize))
                .allSatisfy { mine.token(for: $0) == its.token(for: $0) }
            && mine.encode(Self.probe).ids == its.encode(Self.probe).ids
    }
}
