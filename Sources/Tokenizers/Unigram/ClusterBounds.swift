/// Where characters end that are more than one scalar: the reference normalises by these.
///
/// What a table says of two scalars alone settles nearly all places; the standard library settles
/// the rest (Unicode Standard Annex 29, extended grapheme clusters).
enum ClusterBounds {
    /// What matters of a scalar, as bits.
    enum Trait {
        /// May belong to the character before it.
        static let follows: UInt8 = 1
        /// What stands behind it may belong to its character.
        static let leads: UInt8 = 2
        /// Is white space.
        static let space: UInt8 = 4
    }

    /// The traits of the scalars of planes 0 and 1.
    static let traits: [UInt8] = (0..<0x20000).map { value in
        guard let scalar = Unicode.Scalar(UInt32(value)) else { return 0 }
        return traits(of: scalar)
    }

    /// The traits of any scalar.
    static func traits(of scalar: Unicode.Scalar) -> UInt8 {
        let space = ScalarRules.isWhitespace(scalar) ? Trait.space : 0
        switch scalar.value {
        case 0x0D: return Trait.leads | space
        case 0..<0x80: return space
        case 0x1100...0x115F, 0xA960...0xA97F, 0x1F1E6...0x1F1FF: return Trait.leads
        case 0x1160...0x11FF, 0xD7B0...0xD7FF: return Trait.follows
        case 0x200D: return Trait.follows | Trait.leads
        case 0x0E33, 0x0EB3: return Trait.follows
        case 0x0D4E, 0x111C2, 0x111C3, 0x113D1, 0x1193F, 0x11941, 0x11A3A, 0x11A84...0x11A89,
            0x11D46,
            0x11F02:
            return Trait.leads
        case 0x20000...0x3FFFF: return 0
        default: break
        }
        var traits = space
        let properties = scalar.properties
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: traits |= Trait.follows
        case .format: traits |= Trait.leads
        default: break
        }
        if properties.isGraphemeExtend || properties.isEmojiModifier { traits |= Trait.follows }
        return traits
    }

    /// The traits of the scalar of this value.
    @inline(__always)
    static func traits(_ value: UInt32, _ table: Span<UInt8>) -> UInt8 {
        if value < 0x20000 { return table[Int(value)] }
        return Unicode.Scalar(value).map(traits(of:)) ?? 0
    }

    /// Where the character that begins at `start` ends.
    static func endOfCharacter(at start: Int, in text: Span<UInt8>) -> Int {
        let (value, next) = UTF8Scalar.value(at: start, in: text)
        if next == text.count { return next }
        let table = traits
        let follower = UTF8Scalar.value(at: next, in: text).value
        if traits(value, table.span) & Trait.leads == 0,
            traits(follower, table.span) & Trait.follows == 0
        {
            return next
        }
        return searchEnd(ofCharacterAt: start, in: text)
    }

    /// The same by the standard library.
    static func searchEnd(ofCharacterAt start: Int, in text: Span<UInt8>) -> Int {
        var window = 32
        while true {
            var limit = min(text.count, start + window)
            while limit < text.count, text[limit] & 0xC0 == 0x80 { limit += 1 }
            let part = text.extracting(start..<limit)
            guard let characters = try? UTF8Span(validating: part) else {
                preconditionFailure("bytes \(start)..<\(limit) of a text are not UTF-8")
            }
            var iterator = characters.makeCharacterIterator()
            _ = iterator.skipForward()
            let end = start + iterator.currentCodeUnitOffset
            if end < limit || limit == text.count { return end }
            window *= 2
        }
    }
}
