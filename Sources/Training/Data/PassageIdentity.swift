import Base
import Corpus

/// What tells a passage from others, the same on every machine.
///
/// The one rule for mining, masking and measuring:
/// 1. Of one corpus, two passages are one where their ids are the same, or title and text.
/// 2. Of different corpora, or where the corpus is not known, they are one where their texts are
///    the same; titles do not count, and ids are never compared.
///
/// Texts are compared in Unicode's form NFC with runs of white space as one space. A passage
/// without a text has its title for one.
public struct PassageIdentity: Hashable, Sendable {
    /// A number for the text.
    private(set) var text: UInt64
    /// A number for title and text.
    private(set) var content: UInt64
    /// A number for the corpus that the id is of; 0 where it is not known.
    let corpus: UInt64
    /// A number for the id.
    let id: UInt64

    init(_ passage: TrainingPassage) {
        let text = NormalisedText.hash(passage.text)
        let title = NormalisedText.hash(passage.title)
        self.text = text == NormalisedText.empty ? title : text
        content = SplitMix.mixed(title ^ SplitMix.mixed(text))
        corpus = passage.corpus.map { NormalisedText.hash($0) } ?? 0
        id = passage.corpus == nil ? 0 : NormalisedText.bytes(passage.id)
    }

    /// Tells whether two passages are one.
    func isSame(as other: PassageIdentity) -> Bool {
        guard corpus != 0, corpus == other.corpus else { return text == other.text }
        return id == other.id || content == other.content
    }

    /// The identity of the passage where titles are not read.
    var withoutTitle: PassageIdentity {
        var identity = self
        identity.content = text
        return identity
    }
}

extension PassageIdentity {
    /// Reads what `append(to:)` wrote.
    init(from record: inout RankRecord) throws(CollectiveError) {
        text = try record.bits()
        content = try record.bits()
        corpus = try record.bits()
        id = try record.bits()
    }

    /// Writes the numbers, for other ranks.
    func append(to record: inout ByteRecord) {
        for number in [text, content, corpus, id] { record.append(number) }
    }
}

extension [PassageIdentity] {
    /// Tells whether one of them is that of the same passage.
    func holds(_ identity: PassageIdentity) -> Bool {
        contains { $0.isSame(as: identity) }
    }
}
