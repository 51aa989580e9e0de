/// Rewrites a regular expression from the syntax of Python's `regex` package to that of ICU.
///
/// Both read most patterns alike. What differs: names of groups, `\Z`, `\a`, `\v`, octal escapes,
/// the quantifier `{,n}`, braces and brackets that stand for themselves, escapes of letters that
/// Python refuses while ICU gives them a meaning, and how case is ignored: see `FullFolding`.
struct PythonExpression {
    private let scalars: [Unicode.Scalar]
    private var at = 0
    private var output = String.UnicodeScalarView()
    /// Whether what was written last stands for one character, to which ICU would join the next.
    private var followsCharacter = false

    private static let lettersEscapedOutside = Set("ABDGKMNPRSWXZabdfghmnprstvwxuU".unicodeScalars)
    private static let lettersEscapedInClass = Set("DNPSWabdfhnprstvwxuU".unicodeScalars)

    /// The pattern for ICU, or nil where Python refuses it or ICU has nothing like it.
    static func translate(_ pattern: String) -> String? {
        var translation = PythonExpression(scalars: Array(pattern.unicodeScalars))
        return translation.run() ? String(translation.output) : nil
    }

    private init(scalars: [Unicode.Scalar]) {
        self.scalars = scalars
    }

    private func peek(_ distance: Int = 0) -> Unicode.Scalar? {
        at + distance < scalars.count ? scalars[at + distance] : nil
    }

    private mutating func emit(_ text: String) {
        output.append(contentsOf: text.unicodeScalars)
    }

    /// Copies one scalar to the output.
    private mutating func copy() {
        output.append(scalars[at])
        at += 1
    }

    private mutating func run() -> Bool {
        while let scalar = peek() {
            switch scalar {
            case "\\":
                part()
                guard outsideEscape() else { return false }
            case "[":
                guard characterClass() else { return false }
                followsCharacter = false
            case "(":
                guard group() else { return false }
                followsCharacter = false
            case "{":
                brace()
                followsCharacter = false
            case "}", "]":
                emit("\\")
                copy()
                followsCharacter = false
            case "*", "+", "?", "|", "^", "$", ".", ")":
                copy()
                followsCharacter = false
            default:
                part()
                emit(FullFolding.guarded(scalar))
                at += 1
                followsCharacter = true
            }
        }
        return true
    }

    /// Parts a character from the one before it, since ICU folds characters that stand side by
    /// side as one string, in which ﬁ is f and i.
    private mutating func part() {
        if followsCharacter { emit("(?:)") }
        followsCharacter = false
    }

    /// Rewrites an escape outside of a class; one of a character by its number may need a guard.
    private mutating func outsideEscape() -> Bool {
        let digits: [Unicode.Scalar: Int] = ["x": 2, "u": 4, "U": 8]
        if let letter = peek(1), let count = digits[letter], at + 2 + count <= scalars.count {
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars[at + 2..<at + 2 + count])
            if let value = UInt32(String(text), radix: 16), let scalar = Unicode.Scalar(value) {
                if FullFolding.isGuarded(scalar) {
                    emit(FullFolding.guarded(scalar))
                    at += 2 + count
                } else {
                    for _ in 0..<2 + count { copy() }
                }
                followsCharacter = true
                return true
            }
        }
        // The digits of a number stay together.
        let isNumber = peek(1).map { "xuU123456789".unicodeScalars.contains($0) } == true
        guard escape(inClass: false) else { return false }
        followsCharacter = !isNumber
        return true
    }

    /// Rewrites an escape.
    private mutating func escape(inClass: Bool) -> Bool {
        guard let letter = peek(1) else { return false }
        let isLetter = letter.isASCII && letter.properties.isAlphabetic
        let allowed = inClass ? Self.lettersEscapedInClass : Self.lettersEscapedOutside
        if isLetter && !allowed.contains(letter) { return false }
        switch letter {
        case "Z": emit("\\z")
        case "a": emit("\\x07")
        case "v": emit("\\x0B")
        case "m": emit("\\b(?=\\w)")
        case "M": emit("\\b(?<=\\w)")
        case "0"..."7" where inClass || letter == "0":
            return octal()
        case "p", "P", "N":
            return property()
        default:
            copy()
            copy()
            return true
        }
        at += 2
        return true
    }

    /// Copies a property or a named character with its braces.
    private mutating func property() -> Bool {
        copy()
        copy()
        guard peek() == "{" else { return true }
        while let scalar = peek(), scalar != "}" { copy() }
        guard peek() != nil else { return false }
        copy()
        return true
    }

    /// Rewrites an octal escape of up to three digits.
    private mutating func octal() -> Bool {
        at += 1
        var value: UInt32 = 0
        for _ in 0..<3 {
            guard let digit = peek(), "0"..."7" ~= digit else { break }
            value = value << 3 | (digit.value - 0x30)
            at += 1
        }
        emit("\\x{\(String(value, radix: 16))}")
        return true
    }

    /// Rewrites a class: only its first and last bracket and ranges have a meaning.
    private mutating func characterClass() -> Bool {
        copy()
        if peek() == "^" { copy() }
        var isFirst = true
        while let scalar = peek() {
            defer { isFirst = false }
            switch scalar {
            case "]" where !isFirst:
                copy()
                return true
            case "[" where peek(1) == ":":
                while let part = peek(), !(part == ":" && peek(1) == "]") || output.last == "[" {
                    copy()
                }
                guard peek() != nil else { return false }
                copy()
                copy()
            case "\\":
                guard escape(inClass: true) else { return false }
            case "[", "]", "&", "|", "~", "^", "$", "{", "}":
                emit("\\")
                copy()
            case "-" where isFirst || peek(1) == "]":
                emit("\\")
                copy()
            case _ where FullFolding.isGuarded(scalar) && scalar != "ı" && peek(1) != "-":
                emit(FullFolding.inClass(scalar))
                at += 1
            default:
                copy()
            }
        }
        return false
    }

    /// Rewrites the opening of a group.
    private mutating func group() -> Bool {
        guard peek(1) == "?", peek(2) == "P" else {
            copy()
            guard peek() == "?" else { return true }
            copy()
            copyHead()
            return true
        }
        switch peek(3) {
        case "<":
            emit("(?<")
            at += 4
            copyName(until: ">")
            return true
        case "=":
            at += 4
            emit("\\k<")
            while let scalar = peek(), scalar != ")" {
                output.append(scalar)
                at += 1
            }
            guard peek() == ")" else { return false }
            at += 1
            emit(">")
            return true
        default:
            return false
        }
    }

    /// Copies what tells the kind of a group: flags, a sign, a name, or a comment to its end.
    ///
    /// None of it is a character of the pattern, so none is parted from the next.
    private mutating func copyHead() {
        switch peek() {
        case "#": copyName(until: ")")
        case "<" where peek(1) != "=" && peek(1) != "!": copyName(until: ">")
        case "<":
            copy()
            copy()
        default:
            while let scalar = peek(), scalar == "-" || scalar.properties.isAlphabetic { copy() }
            if let sign = peek(), ":=!>".unicodeScalars.contains(sign) { copy() }
        }
    }

    private mutating func copyName(until end: Unicode.Scalar) {
        while let scalar = peek(), scalar != end { copy() }
    }

    /// Rewrites a brace: a quantifier, or itself.
    private mutating func brace() {
        var end = at + 1
        var lower = ""
        var upper: String?
        while end < scalars.count, "0"..."9" ~= scalars[end] {
            lower.unicodeScalars.append(scalars[end])
            end += 1
        }
        if end < scalars.count, scalars[end] == "," {
            end += 1
            var digits = ""
            while end < scalars.count, "0"..."9" ~= scalars[end] {
                digits.unicodeScalars.append(scalars[end])
                end += 1
            }
            upper = digits
        }
        let isQuantifier =
            end < scalars.count && scalars[end] == "}" && !(lower.isEmpty && upper == nil)
        guard isQuantifier else {
            emit("\\{")
            at += 1
            return
        }
        emit("{" + (lower.isEmpty ? "0" : lower) + (upper.map { "," + $0 } ?? "") + "}")
        at = end + 1
    }
}
