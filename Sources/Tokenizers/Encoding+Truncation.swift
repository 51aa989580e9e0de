extension Truncation {
    /// How many tokens each text keeps when both share `budget`; a missing text has length 0.
    ///
    /// Errors: `sequenceTooShort`, `pairMissing`.
    func lengths(
        first: Int, second: Int?, budget: Int, maximumLength: Int
    ) throws(TokenizerError) -> (first: Int, second: Int) {
        let other = second ?? 0
        let excess = first + other - budget
        if excess <= 0 || self == .doNotTruncate { return (first, other) }
        switch self {
        case .longestFirst:
            if second == nil { return (budget, 0) }
            return Self.longestFirst(first, other, firstIsLonger: first > other, budget: budget)
        case .onlySecond:
            if second == nil { throw .pairMissing }
            if other <= excess {
                throw .sequenceTooShort(
                    maximumLength: maximumLength, tokensToRemove: excess, tokensAvailable: other)
            }
            return (first, other - excess)
        case .onlyFirst, .doNotTruncate:
            if first <= excess {
                throw .sequenceTooShort(
                    maximumLength: maximumLength, tokensToRemove: excess, tokensAvailable: first)
            }
            return (first - excess, other)
        }
    }

    /// The lengths left by taking tokens from the longer text until both fit `budget`.
    ///
    /// The lengths given may be capped at more than the budget, if `firstIsLonger` knows the truth.
    static func longestFirst(
        _ first: Int, _ second: Int, firstIsLonger: Bool, budget: Int
    ) -> (first: Int, second: Int) {
        if first + second <= budget { return (first, second) }
        var shorter = min(first, second)
        var longer = max(shorter, budget - shorter)
        if shorter + longer > budget {
            shorter = budget / 2
            longer = budget - shorter
        }
        return firstIsLonger ? (longer, shorter) : (shorter, longer)
    }
}

extension TokenSequence {
    /// The windows of a text cut to `length`; consecutive ones share `stride` tokens.
    ///
    /// The first window is the text as kept. Without room at all the rest is one window.
    func windows(length: Int, stride: Int) throws(TokenizerError) -> [TokenSequence] {
        if length >= count { return [self] }
        if length == 0 { return [TokenSequence(), self] }
        if stride < 0 || stride >= length {
            throw .strideTooLarge(stride: stride, windowLength: length)
        }
        var windows: [TokenSequence] = []
        var start = 0
        while true {
            let end = Swift.min(start + length, count)
            windows.append(self[start..<end])
            if end == count { return windows }
            start += length - stride
        }
    }
}
