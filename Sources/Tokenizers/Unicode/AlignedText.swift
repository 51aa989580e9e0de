/// A text under normalisation: scalars, each with its place in the original in code points.
struct AlignedText {
    private(set) var scalars: [UInt32] = []
    private(set) var origins: [Int] = []

    var count: Int { scalars.count }

    /// Makes room for a text of so many scalars.
    init(capacity: Int = 0) {
        scalars.reserveCapacity(capacity)
        origins.reserveCapacity(capacity)
    }

    /// A text in UTF-8 whose first scalar stands at code point `firstPoint` of the original.
    init(_ text: Span<UInt8>, firstPoint: Int) {
        self.init(capacity: text.count)
        var place = 0
        while place < text.count {
            let (value, next) = UTF8Scalar.value(at: place, in: text)
            append(value, origin: firstPoint + count)
            place = next
        }
    }

    /// A text by itself.
    init(_ text: String) {
        let utf8 = text.utf8
        self.init(utf8.span, firstPoint: 0)
    }

    /// The code points of the original that some scalars come from.
    func span(_ scalars: Range<Int>) -> Range<Int> {
        let start = origins[scalars.lowerBound]
        return start..<max(start, origins[scalars.upperBound - 1] + 1)
    }

    /// The scalars of a span as a string.
    func string(in range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        for value in scalars[range] { text.append(Unicode.Scalar(value) ?? "\u{FFFD}") }
        return String(text)
    }

    /// All scalars as a string.
    var text: String { string(in: 0..<count) }

    mutating func append(_ scalar: UInt32, origin: Int) {
        scalars.append(scalar)
        origins.append(origin)
    }

    subscript(range: Range<Int>) -> AlignedText {
        var part = AlignedText()
        part.scalars = Array(scalars[range])
        part.origins = Array(origins[range])
        return part
    }

    /// Drops what cleaning removes and turns white space to plain spaces.
    func cleaned() -> AlignedText {
        var result = AlignedText(capacity: count)
        for (value, origin) in zip(scalars, origins) {
            guard let scalar = Unicode.Scalar(value), !ScalarRules.isControl(scalar) else {
                continue
            }
            result.append(ScalarRules.isWhitespace(scalar) ? 0x20 : value, origin: origin)
        }
        return result
    }

    /// Puts spaces around CJK ideographs.
    func spacingChinese() -> AlignedText {
        var result = AlignedText(capacity: count)
        for (value, origin) in zip(scalars, origins) {
            let isWord = ScalarRules.isChinese(value)
            if isWord { result.append(0x20, origin: origin) }
            result.append(value, origin: origin)
            if isWord { result.append(0x20, origin: origin) }
        }
        return result
    }

    /// Canonical decomposition with marks in canonical order.
    ///
    /// Marks that change places leave their origins behind, as in the reference: the first scalar
    /// of each decomposition takes the next origin, the others share the one before.
    func decomposed() -> AlignedText {
        var result = AlignedText(capacity: count)
        var parts: [UInt32] = []
        var marks: [(scalar: UInt32, opens: Bool, order: UInt8)] = []
        var place = -1
        func append(_ scalar: UInt32, opens: Bool) {
            if opens { place += 1 }
            result.append(scalar, origin: origins[place])
        }
        func flush() {
            if marks.isEmpty { return }
            // Stable by construction: equal classes keep their place.
            let sorted = marks.enumerated().sorted {
                ($0.element.order, $0.offset) < ($1.element.order, $1.offset)
            }
            for (_, mark) in sorted { append(mark.scalar, opens: mark.opens) }
            marks.removeAll(keepingCapacity: true)
        }
        for value in scalars {
            if value < 0x80 {
                flush()
                append(value, opens: true)
                continue
            }
            parts.removeAll(keepingCapacity: true)
            Decomposition.append(value, to: &parts)
            for (index, part) in parts.enumerated() {
                let order = Unicode.Scalar(part).map(ScalarRules.combiningClass) ?? 0
                if order == 0 {
                    flush()
                    append(part, opens: index == 0)
                } else {
                    marks.append((part, index == 0, order))
                }
            }
        }
        flush()
        return result
    }

    /// Without nonspacing marks.
    func strippingMarks() -> AlignedText {
        var result = AlignedText(capacity: count)
        for (value, origin) in zip(scalars, origins) {
            if let scalar = Unicode.Scalar(value), ScalarRules.isNonspacingMark(scalar) { continue }
            result.append(value, origin: origin)
        }
        return result
    }

    /// Each scalar in lower case by itself: no rule looks at its neighbours.
    func lowercased() -> AlignedText {
        var result = AlignedText(capacity: count)
        for (value, origin) in zip(scalars, origins) {
            guard let scalar = Unicode.Scalar(value), ScalarRules.changesInLowercase(scalar) else {
                result.append(value, origin: origin)
                continue
            }
            if value < 0x80 {
                result.append(value + 0x20, origin: origin)
                continue
            }
            for part in scalar.properties.lowercaseMapping.unicodeScalars {
                result.append(part.value, origin: origin)
            }
        }
        return result
    }
}
