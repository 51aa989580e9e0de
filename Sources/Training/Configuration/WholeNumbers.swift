/// The whole numbers that settings may have: their products, such as that of epochs and the steps
/// of one, stay far below what a number holds.
enum WholeNumbers {
    /// Epochs, steps, examples of a file, ranks of passages.
    static let largestCount = 1_000_000_000
    /// What is held or made for each step: batches, negatives, tokens.
    static let largestPart = 65_536

    /// Refuses numbers outside of their ranges.
    ///
    /// - Throws: `TrainingError.invalidSetting`, naming the setting and its range.
    static func check(
        _ settings: [(name: String, value: Int, range: ClosedRange<Int>)]
    ) throws(TrainingError) {
        for (name, value, range) in settings where !range.contains(value) {
            throw .invalidSetting(
                name: name,
                reason: "is \(value); it must be in \(range.lowerBound)…\(range.upperBound)")
        }
    }
}
