/// How a Unigram tokenizer changes and cuts a text before it looks for pieces.
struct UnigramOptions: Sendable {
    /// A step of normalisation.
    enum Step: Sendable {
        /// The model's own map of characters.
        case map(CharacterMap)
        /// White space is taken off the ends.
        case strip(left: Bool, right: Bool)
        /// Runs of at least so many spaces become a text.
        case replaceSpaces(atLeast: Int, by: String)
        /// A text becomes another.
        case replace(String, by: String)
        /// Each scalar in lower case.
        case lowercase
    }

    /// Where a `▁` is put before a word that has none.
    enum Prefix: String, Sendable {
        /// Before each.
        case always
        /// Before the one that begins the text.
        case first
        /// Nowhere.
        case never
    }

    /// U+2581, which stands for a space.
    static let space: UInt32 = 0x2581
    /// The bytes of U+2581.
    static let spaceBytes: [UInt8] = [0xE2, 0x96, 0x81]

    /// Steps in their order.
    var steps: [Step] = []
    /// White space parts words and is left out; else a space is a `▁` of its own.
    var splitsAtWhitespace = false
    /// Spaces become `▁`, and one is put before words.
    var marksSpaces = true
    var prefix: Prefix = .always
    /// A `▁` begins a word.
    var splitsAtMarks = true

    /// The map where the steps are those that the path without offsets knows: the map alone, then
    /// stripping on the right, then runs of spaces as one; nil where they are others.
    var simple: SimpleSteps? {
        guard marksSpaces, splitsAtMarks, prefix != .first else { return nil }
        var result = SimpleSteps()
        var rest = steps[...]
        if case .map(let map)? = rest.first {
            result.map = map
            rest.removeFirst()
        }
        if case .strip(left: false, right: true)? = rest.first {
            result.stripsRight = true
            rest.removeFirst()
        }
        if case .replaceSpaces(atLeast: 2, let text)? = rest.first,
            text == " " || text == "\u{2581}"
        {
            // A mark that came of spaces does not part words as white space does.
            if splitsAtWhitespace, text != " " { return nil }
            result.joinsSpaces = true
            rest.removeFirst()
        }
        return rest.isEmpty ? result : nil
    }

    /// See `simple`.
    struct SimpleSteps: Sendable {
        var map: CharacterMap?
        var stripsRight = false
        var joinsSpaces = false
    }
}

extension UnigramOptions {
    /// The normalised form of a text.
    func normalized(_ text: AlignedText) -> AlignedText {
        var text = text
        for step in steps {
            switch step {
            case .map(let map): text = text.mapped(by: map)
            case .strip(let left, let right): text = text.stripped(left: left, right: right)
            case .replaceSpaces(let count, let other):
                text = text.replacingSpaces(atLeast: count, by: other)
            case .replace(let old, let new): text = text.replacing(old, by: new)
            case .lowercase: text = text.lowercased()
            }
        }
        return text
    }

    /// The words of a normalised text, or of what lies between two added tokens of it.
    ///
    /// `start` is the code point where the text begins in the original.
    func words(_ text: AlignedText, start: Int) -> [AlignedText] {
        var words: [AlignedText] = []
        for word in splitsAtWhitespace ? text.spacedWords().map({ text[$0] }) : [text] {
            if word.count == 0 { continue }
            guard marksSpaces else {
                words.append(word)
                continue
            }
            let isFirst = splitsAtWhitespace ? word.origins[0] == 0 : start == 0
            let adds = prefix == .always || (prefix == .first && isFirst)
            let marked = word.markingSpaces(addsPrefix: adds)
            if splitsAtMarks {
                words += marked.splitAtMarks().map { marked[$0] }
            } else {
                words.append(marked)
            }
        }
        return words
    }
}

extension AlignedText {
    /// Each character replaced as the map says; what is longer than five bytes goes scalar by
    /// scalar.
    ///
    /// Origins follow the reference (tokenizers 0.19.1, normalizers/precompiled.rs): each new
    /// scalar takes the next old one's, further ones the last one's, and what vanishes is skipped
    /// behind the scalar before it.
    func mapped(by map: CharacterMap) -> AlignedText {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for value in scalars { UTF8Scalar.append(value, to: &bytes) }
        var changes: [(scalar: UInt32, change: Int)] = []
        changes.reserveCapacity(count)
        let text = bytes.span
        let pool = map.replacements.span
        func add(_ range: Range<Int>, for oldCount: Int) {
            let before = changes.count
            var place = range.lowerBound
            while place < range.upperBound {
                let (value, next) = UTF8Scalar.value(at: place, in: pool)
                changes.append((value, 0))
                place = next
            }
            let difference = changes.count - before - oldCount
            if difference > 0 {
                for index in changes.count - difference..<changes.count {
                    changes[index].change = 1
                }
            } else if difference < 0, !changes.isEmpty {
                changes[changes.count - 1].change += difference
            }
        }
        var start = 0
        while start < text.count {
            let end = ClusterBounds.endOfCharacter(at: start, in: text)
            if end - start < 6, let range = map.replacement(of: text, from: start, to: end) {
                var scalarCount = 0
                for index in start..<end where text[index] & 0xC0 != 0x80 { scalarCount += 1 }
                add(range, for: scalarCount)
                start = end
                continue
            }
            while start < end {
                let (value, next) = UTF8Scalar.value(at: start, in: text)
                if let range = map.replacement(of: text, from: start, to: next) {
                    add(range, for: 1)
                } else {
                    changes.append((value, 0))
                }
                start = next
            }
        }
        return applying(changes)
    }

    private func applying(_ changes: [(scalar: UInt32, change: Int)]) -> AlignedText {
        var result = AlignedText(capacity: changes.count)
        var old = 0
        for (scalar, change) in changes {
            if change > 0 {
                result.append(scalar, origin: origins[max(0, old - 1)])
            } else {
                result.append(scalar, origin: origins[min(old, count - 1)])
                old += 1 - change
            }
        }
        return result
    }

    /// Without white space at the ends asked for.
    func stripped(left: Bool, right: Bool) -> AlignedText {
        func isSpace(_ index: Int) -> Bool {
            Unicode.Scalar(scalars[index]).map(ScalarRules.isWhitespace) ?? false
        }
        var start = 0
        var end = count
        while left, start < end, isSpace(start) { start += 1 }
        while right, start < end, isSpace(end - 1) { end -= 1 }
        return end - start == count ? self : self[start..<end]
    }

    /// Runs of at least `least` spaces as `text`, which takes the place of a run's last.
    func replacingSpaces(atLeast least: Int, by text: String) -> AlignedText {
        var result = AlignedText(capacity: count)
        var start = 0
        while start < count {
            var end = start
            while end < count, scalars[end] == 0x20 { end += 1 }
            if end - start >= least {
                for scalar in text.unicodeScalars {
                    result.append(scalar.value, origin: origins[end - 1])
                }
                start = end
            } else {
                end = max(end, start + 1)
                for index in start..<end { result.append(scalars[index], origin: origins[index]) }
                start = end
            }
        }
        return result
    }

    /// Each occurrence of `old` as `new`, which takes the place of its last scalar.
    func replacing(_ old: String, by new: String) -> AlignedText {
        let pattern = old.unicodeScalars.map(\.value)
        if pattern.isEmpty { return self }
        var result = AlignedText(capacity: count)
        var start = 0
        while start < count {
            let end = start + pattern.count
            if end <= count, scalars[start..<end].elementsEqual(pattern) {
                for scalar in new.unicodeScalars {
                    result.append(scalar.value, origin: origins[end - 1])
                }
                start = end
            } else {
                result.append(scalars[start], origin: origins[start])
                start += 1
            }
        }
        return result
    }

    /// Spaces as `▁`, with one before the text where it has none.
    func markingSpaces(addsPrefix: Bool) -> AlignedText {
        var result = AlignedText(capacity: count + 1)
        let first = scalars[0] == 0x20 ? UnigramOptions.space : scalars[0]
        if addsPrefix, first != UnigramOptions.space {
            result.append(UnigramOptions.space, origin: origins[0])
        }
        for (value, origin) in zip(scalars, origins) {
            result.append(value == 0x20 ? UnigramOptions.space : value, origin: origin)
        }
        return result
    }

    /// Spans that each begin with a `▁`, but for what stands before the first.
    func splitAtMarks() -> [Range<Int>] {
        var result: [Range<Int>] = []
        var start = 0
        for index in 0..<count where scalars[index] == UnigramOptions.space && index > start {
            result.append(start..<index)
            start = index
        }
        if start < count { result.append(start..<count) }
        return result
    }
}
