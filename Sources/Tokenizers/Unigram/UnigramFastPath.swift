/// Ids straight off the bytes of a text.
///
/// Words are cut while the text is normalised, and nothing is kept but the word at hand. It gives
/// up where only the general path knows what is right.
struct UnigramFastPath: Sendable {
    /// What a byte below 128 does where it is a character by itself.
    private enum Action {
        static let keep: UInt8 = 0
        static let space: UInt8 = 1
        static let drop: UInt8 = 2
        /// What stands for it is in the map.
        static let map: UInt8 = 3
        /// It depends on what is around it.
        static let look: UInt8 = 4
        /// It may open an added token.
        static let giveUp: UInt8 = 5
    }

    /// Beside the traits of `ClusterBounds`: the map has something for the scalar.
    private static let mapped: UInt8 = 8

    private let actions: [UInt8]
    private let traits: [UInt8]
    private let map: CharacterMap?
    private let splitsAtWhitespace: Bool
    private let addsPrefix: Bool
    private let stripsRight: Bool
    private let joinsSpaces: Bool
    /// Bytes that an added token looked for in normalised text begins with.
    private let opens: [Bool]

    /// Nil where the options ask for what it does not know.
    init?(_ options: UnigramOptions, normalized: AddedTokenMatcher) {
        guard let simple = options.simple else { return nil }
        map = simple.map
        stripsRight = simple.stripsRight
        joinsSpaces = simple.joinsSpaces
        splitsAtWhitespace = options.splitsAtWhitespace
        addsPrefix = options.prefix == .always
        opens = normalized.isFirstByte
        // A token that begins with a space would have to be looked for among the spaces.
        if opens[0x20] || opens[Int(UnigramOptions.spaceBytes[0])] { return nil }
        var traits = ClusterBounds.traits
        var actions = [UInt8](repeating: Action.keep, count: 128)
        if let map = simple.map {
            for value in traits.indices where map.mayReplace(UInt32(value)) {
                traits[value] |= Self.mapped
            }
        }
        self.traits = traits
        for byte in 0..<128 {
            actions[byte] = Self.action(UInt8(byte), simple.map, traits[byte], opens)
        }
        self.actions = actions
    }

    private static func action(
        _ byte: UInt8, _ map: CharacterMap?, _ traits: UInt8, _ opens: [Bool]
    ) -> UInt8 {
        let text = [byte]
        guard let map, let range = map.replacement(of: text.span, from: 0, to: 1) else {
            if byte == 0x20 { return Action.space }
            if byte == 0x0D || traits & ClusterBounds.Trait.space != 0 { return Action.look }
            return opens[Int(byte)] ? Action.giveUp : Action.keep
        }
        if byte == 0x0D { return Action.look }
        if range.isEmpty { return Action.drop }
        let isSpace = range.count == 1 && map.replacements[range.lowerBound] == 0x20
        return isSpace ? Action.space : Action.map
    }

    /// The word at hand, and the spaces before it.
    private struct Word {
        var bytes: [UInt8] = []
        var spaces = 0

        init() { bytes.reserveCapacity(64) }
    }

    /// Where a scalar led.
    private enum Outcome {
        case goesOn
        case isFull
        case gaveUp
    }

    /// Appends the tokens of a text without added tokens, up to `end` ids or a few more; false
    /// where it gave up.
    func append(
        _ text: Span<UInt8>, _ model: UnigramModel, end: Int,
        _ scratch: inout UnigramModel.Scratch, to ids: inout [Int32]
    ) -> Bool {
        let actions = self.actions.span
        let traits = self.traits.span
        var word = Word()
        var position = 0
        while position < text.count {
            let byte = text[position]
            var next = position &+ 1
            if byte < 0x80, next == text.count || text[next] < 0x80 {
                switch actions[Int(byte)] {
                case Action.keep:
                    position = next
                    if word.bytes.isEmpty || word.spaces > 0 {
                        if open(&word, model, &scratch, &ids), ids.count >= end { return true }
                    }
                    word.bytes.append(byte)
                    continue
                case Action.space:
                    position = next
                    if space(&word, model, &scratch, &ids), ids.count >= end { return true }
                    continue
                case Action.drop:
                    position = next
                    continue
                case Action.giveUp: return false
                default: break
                }
            }
            let (value, after) = UTF8Scalar.value(at: position, in: text)
            next = after
            var limit = after
            if after < text.count {
                let follower = UTF8Scalar.value(at: after, in: text).value
                if ClusterBounds.traits(value, traits) & ClusterBounds.Trait.leads != 0
                    || ClusterBounds.traits(follower, traits) & ClusterBounds.Trait.follows != 0
                {
                    limit = ClusterBounds.searchEnd(ofCharacterAt: position, in: text)
                }
            }
            if limit > next, limit - position < 6, let map,
                let range = map.replacement(of: text, from: position, to: limit)
            {
                switch put(map.replacements.span, range, &word, model, &scratch, &ids) {
                case .gaveUp: return false
                case .goesOn, .isFull: if ids.count >= end { return true }
                }
                position = limit
                continue
            }
            while position < limit {
                let (value, next) = UTF8Scalar.value(at: position, in: text)
                let outcome: Outcome
                if ClusterBounds.traits(value, traits) & Self.mapped != 0
                    || value >= 0x20000, let map,
                    let range = map.replacement(of: text, from: position, to: next)
                {
                    outcome = put(map.replacements.span, range, &word, model, &scratch, &ids)
                } else {
                    outcome = put(text, position..<next, &word, model, &scratch, &ids)
                }
                if case .gaveUp = outcome { return false }
                if ids.count >= end { return true }
                position = next
            }
        }
        finish(&word, model, &scratch, &ids)
        return true
    }

    /// Takes normalised scalars.
    private func put(
        _ text: Span<UInt8>, _ range: Range<Int>, _ word: inout Word, _ model: UnigramModel,
        _ scratch: inout UnigramModel.Scratch, _ ids: inout [Int32]
    ) -> Outcome {
        let traits = self.traits.span
        var position = range.lowerBound
        while position < range.upperBound {
            let (value, next) = UTF8Scalar.value(at: position, in: text)
            if value == 0x20 {
                _ = space(&word, model, &scratch, &ids)
            } else if ClusterBounds.traits(value, traits) & ClusterBounds.Trait.space != 0,
                splitsAtWhitespace || stripsRight
            {
                // White space that is no space: whether it is stripped is known at the end alone.
                if !splitsAtWhitespace { return .gaveUp }
                _ = space(&word, model, &scratch, &ids)
            } else if opens[Int(text[position])] {
                return .gaveUp
            } else {
                if value == UnigramOptions.space {
                    mark(&word, model, &scratch, &ids)
                } else {
                    if word.bytes.isEmpty || word.spaces > 0 {
                        _ = open(&word, model, &scratch, &ids)
                    }
                    for index in position..<next { word.bytes.append(text[index]) }
                }
            }
            position = next
        }
        return .goesOn
    }

    /// A space ends the word, or waits for what comes behind it; true where a word ended.
    @inline(__always)
    private func space(
        _ word: inout Word, _ model: UnigramModel, _ scratch: inout UnigramModel.Scratch,
        _ ids: inout [Int32]
    ) -> Bool {
        if !splitsAtWhitespace {
            word.spaces += 1
            return false
        }
        flush(&word, model, &scratch, &ids)
        return true
    }

    /// Before a character: spaces that waited become marks, each opening a word, and the first word
    /// gets its mark; true where a word ended.
    @inline(__always)
    private func open(
        _ word: inout Word, _ model: UnigramModel, _ scratch: inout UnigramModel.Scratch,
        _ ids: inout [Int32]
    ) -> Bool {
        if word.spaces == 0 {
            if addsPrefix { word.bytes += UnigramOptions.spaceBytes }
            return false
        }
        takeSpaces(&word, model, &scratch, &ids)
        return true
    }

    private func takeSpaces(
        _ word: inout Word, _ model: UnigramModel, _ scratch: inout UnigramModel.Scratch,
        _ ids: inout [Int32]
    ) {
        for _ in 0..<(joinsSpaces ? min(1, word.spaces) : word.spaces) {
            flush(&word, model, &scratch, &ids)
            word.bytes += UnigramOptions.spaceBytes
        }
        word.spaces = 0
    }

    /// A `▁` of the text itself: opens a word, as one that came of a space does.
    private func mark(
        _ word: inout Word, _ model: UnigramModel, _ scratch: inout UnigramModel.Scratch,
        _ ids: inout [Int32]
    ) {
        takeSpaces(&word, model, &scratch, &ids)
        flush(&word, model, &scratch, &ids)
        word.bytes += UnigramOptions.spaceBytes
    }

    private func finish(
        _ word: inout Word, _ model: UnigramModel, _ scratch: inout UnigramModel.Scratch,
        _ ids: inout [Int32]
    ) {
        if !stripsRight { takeSpaces(&word, model, &scratch, &ids) }
        flush(&word, model, &scratch, &ids)
    }

    @inline(__always)
    private func flush(
        _ word: inout Word, _ model: UnigramModel, _ scratch: inout UnigramModel.Scratch,
        _ ids: inout [Int32]
    ) {
        if word.bytes.isEmpty { return }
        model.forEachToken(of: word.bytes.span, &scratch) { id, _, _ in ids.append(id) }
        word.bytes.removeAll(keepingCapacity: true)
    }
}
