import Foundation

/// One regular expression of a CuratedTREC answer: decomposed, ignoring case, multi-line.
struct AnswerExpression: Sendable {
    private let expression: NSRegularExpression

    /// The steps allowed to one search, in units of ICU's progress reports (10,000 steps each).
    private static let reportsAllowed = 2_000

    /// Compiles a pattern, or gives nil where it is invalid.
    init?(_ pattern: String) {
        let decomposed = pattern.decomposedStringWithCanonicalMapping
        guard let translated = PythonExpression.translate(decomposed),
            let expression = try? NSRegularExpression(
                pattern: translated,
                options: [.caseInsensitive, .anchorsMatchLines, .useUnixLineSeparators])
        else { return nil }
        self.expression = expression
    }

    /// Tells whether the pattern occurs in a decomposed text.
    func matches(_ text: String) -> Bool {
        var isFound = false
        var reports = 0
        let whole = NSRange(location: 0, length: text.utf16.count)
        unsafe expression.enumerateMatches(in: text, options: [.reportProgress], range: whole) {
            result, _, stop in
            if result != nil {
                isFound = true
            } else {
                reports += 1
            }
            if isFound || reports > Self.reportsAllowed { unsafe stop.pointee = true }
        }
        return isFound
    }
}
