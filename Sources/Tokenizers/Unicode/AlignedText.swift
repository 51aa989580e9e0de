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
    func decomposed() -> AlignedText {
        var result = AlignedText(capacity: count)
        var parts: [UInt32] = []
        var marks: [(scalar: UInt32, origin: Int, order: UInt8)] = []
        func flush(_ result: inout AlignedText) {
            if marks.isEmpty { return }
            // Stable by construction: equal classes keep their place.
            let sorted = marks.enumerated().sorted {
                ($0.element.order, $0.offset) < ($1.element.order, $1.offset)
            }
            for (place, entry) in sorted.enumerated() {
                result.append(entry.element.scalar, origin: marks[place].origin)
            }
            marks.removeAll(keepingCapacity: true)
        }
        for (value, origin) in zip(scalars, origins) {
            if value < 0x80 {
                flush(&result)
                result.append(value, origin: origin)
                continue
            }
            parts.removeAll(keepingCapacity: true)
            Decomposition.append(value, to: &parts)
            for part in parts {
                let order = Unicode.Scalar(part).map(ScalarRules.combiningClass) ?? 0
                if order == 0 {
                    flush(&result)
                    result.append(part, origin: origin)
                } else {
                    marks.append((part, origin, order))
                }
            }
        }
        flush(&result)
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
