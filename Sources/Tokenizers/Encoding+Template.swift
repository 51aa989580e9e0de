/// The order of texts and special tokens in an encoding.
public struct EncodingTemplate: Equatable, Sendable {
    /// One part of an encoding.
    public enum Part: Equatable, Sendable {
        /// A special token.
        case special(id: Int32, typeID: Int32)
        /// The first text.
        case first(typeID: Int32)
        /// The second text.
        case second(typeID: Int32)
    }

    /// Parts for one text.
    public var single: [Part]
    /// Parts for two texts.
    public var pair: [Part]

    /// The template for one text, or for two.
    func parts(isPair: Bool) -> [Part] { isPair ? pair : single }

    /// How many special tokens it adds.
    public func specialCount(isPair: Bool) -> Int {
        var count = 0
        for case .special in parts(isPair: isPair) { count += 1 }
        return count
    }

    /// The special token between two texts, nil where there is none.
    public var separator: Int32? {
        guard let first = pair.firstIndex(where: { if case .first = $0 { true } else { false } }),
            first + 1 < pair.count, case .special(let id, _) = pair[first + 1]
        else { return nil }
        return id
    }

    /// `[CLS] a [SEP]` and `[CLS] a [SEP] b [SEP]`, the second text being segment 1.
    static func bert(classifier: Int32, separator: Int32) -> EncodingTemplate {
        let opening: [Part] = [
            .special(id: classifier, typeID: 0), .first(typeID: 0),
            .special(id: separator, typeID: 0),
        ]
        return EncodingTemplate(
            single: opening,
            pair: opening + [.second(typeID: 1), .special(id: separator, typeID: 1)])
    }

    /// `<s> a </s>` and `<s> a </s></s> b </s>`, all of segment 0.
    static func roberta(opening: Int32, separator: Int32) -> EncodingTemplate {
        let single: [Part] = [
            .special(id: opening, typeID: 0), .first(typeID: 0),
            .special(id: separator, typeID: 0),
        ]
        return EncodingTemplate(
            single: single,
            pair: single + [
                .special(id: separator, typeID: 0), .second(typeID: 0),
                .special(id: separator, typeID: 0),
            ])
    }

    /// The texts alone.
    static let plain = EncodingTemplate(
        single: [.first(typeID: 0)], pair: [.first(typeID: 0), .second(typeID: 1)])

    /// The template with its special tokens left out.
    var withoutSpecialTokens: EncodingTemplate {
        func texts(_ parts: [Part]) -> [Part] {
            parts.filter { if case .special = $0 { false } else { true } }
        }
        return EncodingTemplate(single: texts(single), pair: texts(pair))
    }
}
