import Base

/// What the normalisation that some options ask for does to each scalar, worked out beforehand.
struct ScalarPlan: Sendable {
    /// What happens to a scalar.
    enum Action: UInt32 {
        /// It joins the word as it is.
        case keep
        /// It vanishes.
        case drop
        /// It ends the word.
        case space
        /// It is a word of its own, as it is or replaced.
        case isolate
        /// Other scalars join the word instead.
        case replace
        /// It depends on its neighbours: the text takes the general path.
        case general
    }

    /// Bytes that stand for a scalar.
    struct Replacement {
        var start: UInt32
        var end: UInt32
        var scalars: UInt32
    }

    /// Action in the low 3 bits, above it 1 + index of the replacement or 0; planes 0 and 1.
    private var plan: [UInt32]
    /// What Hangul syllables and the like become.
    private(set) var replacements: [Replacement] = []
    private(set) var pool: [UInt8] = []
    private let options: WordPieceOptions

    /// The plans in use: one for each of the sixteen ways to set the options that matter here.
    private static let plans = Locked<[Int: ScalarPlan]>([:])

    /// The plan for the options, made once.
    static func shared(_ options: WordPieceOptions) -> ScalarPlan {
        let flags = [
            options.lowercases, options.removesAccents, options.splitsChineseCharacters,
            options.cleansText,
        ]
        let key = flags.reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
        return plans.withLock { plans in
            if let plan = plans[key] { return plan }
            let plan = ScalarPlan(options)
            plans[key] = plan
            return plan
        }
    }

    private static let planned: UInt32 = 0x20000

    private init(_ options: WordPieceOptions) {
        self.options = options
        plan = [UInt32](repeating: Action.keep.rawValue, count: Int(Self.planned))
        for value in Self.affected {
            guard let scalar = Unicode.Scalar(value) else { continue }
            if Self.isIdeograph(value) {
                if options.splitsChineseCharacters {
                    plan[Int(value)] = Action.isolate.rawValue
                }
                continue
            }
            let (action, scalars) = outcome(scalar)
            var entry = action.rawValue
            if action == .replace || action == .isolate, scalars != [value] {
                let start = UInt32(pool.count)
                for part in scalars { UTF8Scalar.append(part, to: &pool) }
                replacements.append(
                    Replacement(
                        start: start, end: UInt32(pool.count), scalars: UInt32(scalars.count)))
                entry |= UInt32(replacements.count) << 3
            }
            plan[Int(value)] = entry
        }
    }

    /// The scalars of planes 0 and 1 that any options change or split at.
    private static let affected: [UInt32] = (0..<planned).filter { value in
        guard let scalar = Unicode.Scalar(value) else { return false }
        return isIdeograph(value) || ScalarRules.isChinese(value) || Decomposition.changes(value)
            || ScalarRules.isControl(scalar) || ScalarRules.isWhitespace(scalar)
            || ScalarRules.isPunctuation(scalar) || ScalarRules.isNonspacingMark(scalar)
            || ScalarRules.changesInLowercase(scalar) || ScalarRules.combiningClass(scalar) != 0
    }

    /// The two blocks of ideographs that nothing but splitting touches.
    private static func isIdeograph(_ value: UInt32) -> Bool {
        (0x3400...0x4DBF).contains(value) || (0x4E00...0x9FFF).contains(value)
    }

    /// The action for a scalar, and the index of its replacement or -1.
    @inline(__always)
    func action(_ value: UInt32) -> (action: Action, replacement: Int) {
        if value < Self.planned {
            let entry = plan[Int(value)]
            return (Action(rawValue: entry & 7) ?? .general, Int(entry >> 3) - 1)
        }
        return beyond(value)
    }

    /// Planes from 2 up: ideographs, tags and private use.
    private func beyond(_ value: UInt32) -> (action: Action, replacement: Int) {
        guard let scalar = Unicode.Scalar(value) else { return (.general, -1) }
        if Decomposition.changes(value) { return (.general, -1) }
        let (action, _) = outcome(scalar)
        return (action == .replace ? .general : action, -1)
    }

    /// The steps of normalisation for one scalar alone, and what they come to.
    private func outcome(_ scalar: Unicode.Scalar) -> (Action, [UInt32]) {
        if options.cleansText {
            if ScalarRules.isControl(scalar) { return (.drop, []) }
            if ScalarRules.isWhitespace(scalar) { return (.space, []) }
        }
        var text = AlignedText()
        text.append(scalar.value, origin: 0)
        if options.removesAccents { text = text.decomposed().strippingMarks() }
        if options.lowercases { text = text.lowercased() }
        let parts = text.scalars
        if options.splitsChineseCharacters, ScalarRules.isChinese(scalar.value) {
            return (.isolate, parts)
        }
        let scalars = parts.compactMap(Unicode.Scalar.init)
        if scalars.isEmpty { return (.drop, []) }
        if options.removesAccents, scalars.contains(where: { ScalarRules.combiningClass($0) != 0 })
        {
            return (.general, parts)
        }
        let splits = scalars.contains {
            ScalarRules.isWhitespace($0) || ScalarRules.isPunctuation($0)
        }
        if splits {
            if scalars.count > 1 { return (.general, parts) }
            return (ScalarRules.isWhitespace(scalars[0]) ? .space : .isolate, parts)
        }
        return (parts == [scalar.value] ? .keep : .replace, parts)
    }
}
