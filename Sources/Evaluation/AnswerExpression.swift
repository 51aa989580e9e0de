import Foundation

/// One regular expression of a CuratedTREC answer: decomposed, ignoring case, multi-line.
struct AnswerExpression: Sendable {
    private let expression: NSRegularExpression

    /// The progress reports that one search may give beyond one for each place it starts from;
    /// a report within a match stands for 10,000 steps of ICU.
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
        let allowed = text.utf16.count + Self.reportsAllowed
        let whole = NSRange(location: 0, length: text.utf16.count)
        unsafe expression.enumerateMatches(in: text, options: [.reportProgress], range: whole) {
            result, _, stop in
            if result != nil {
                isFound = true
            } else {
                reports += 1
            }
            if isFound || reports > allowed { unsafe stop.pointee = true }
        }
        return isFound
    }
}
