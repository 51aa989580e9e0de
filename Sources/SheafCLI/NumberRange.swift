import ArgumentParser
import Sheaf

/// What the numbers of options may be: far from where arithmetic on them overflows.
enum NumberRange {
    /// Compute threads of one process.
    static let threads = 1...1024
    /// Worker or rank processes that are started here.
    static let processes = 1...1024
    /// Passages of a question.
    static let k = 1...500_000
    /// Negatives, spans, tokens and the like, of one question.
    static let parts = 1...65_536
    /// Examples of a file.
    static let examples = 0...1_000_000_000

    /// Refuses a number outside of a range; nil is no number.
    ///
    /// - Throws: `ValidationError`, naming the option and the range.
    static func check(
        _ option: String, _ value: Int?, _ range: ClosedRange<Int>
    ) throws(ValidationError) {
        guard let value, !range.contains(value) else { return }
        throw ValidationError(
            "\(option) is \(value); it must be from \(range.lowerBound) to \(range.upperBound).")
    }
}

/// What may name a worker or a rank.
enum ProcessName {
    /// Refuses what cannot name a process.
    static func check(_ name: String) throws(ValidationError) {
        guard !WireName.isProcess(name) else { return }
        throw ValidationError(
            "--name takes 1 to \(WireName.longestProcessName) letters, digits, “-”, “_” and “.”, "
                + "not beginning with “.”.")
    }
}
