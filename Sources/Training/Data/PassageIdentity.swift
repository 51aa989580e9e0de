import Foundation

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
    init(from record: inout ByteRecord) {
        text = record.number()
        content = record.number()
        corpus = record.number()
        id = record.number()
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

/// Numbers for texts that do not depend on their Unicode form or white space.
enum NormalisedText {
    /// The number of a text without anything visible.
    static let empty = SplitMix.mixed(offset)

    private static let offset: UInt64 = 0xCBF2_9CE4_8422_2325
    private static let prime: UInt64 = 0x100_0000_01B3

    /// A number for a text in form NFC, runs of white space as one space, none at the ends.
    static func hash(_ text: String) -> UInt64 {
        // Scalars below U+0300, whose first bytes are below 0xCC, compose with nothing.
        guard text.utf8.allSatisfy({ $0 < 0xCC }) else {
            return folded(text.precomposedStringWithCanonicalMapping)
        }
        return folded(text)
    }

    /// A number for the bytes as they are.
    static func bytes(_ text: String) -> UInt64 {
        SplitMix.mixed(text.utf8.reduce(offset) { ($0 ^ UInt64($1)) &* prime })
    }

    private static func folded(_ text: String) -> UInt64 {
        var hash = offset
        var isPending = false
        for scalar in text.unicodeScalars {
            if isWhiteSpace(scalar) {
                isPending = hash != offset
                continue
            }
            if isPending { hash = (hash ^ 0x20) &* prime }
            isPending = false
            hash = (hash ^ UInt64(scalar.value)) &* prime
        }
        return SplitMix.mixed(hash)
    }

    private static func isWhiteSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x80
            ? scalar.value == 0x20 || 0x09...0x0D ~= scalar.value : scalar.properties.isWhitespace
    }
}
