/// Facts by name, one below the other; further lines of a fact stand under its first.
enum FactList {
    /// The lines, without a line feed behind the last.
    static func text(_ facts: [(String, String)]) -> String {
        let width = (facts.map(\.0.count).max() ?? 0) + 2
        return facts.map { name, value in
            let indented = value.split(separator: "\n", omittingEmptySubsequences: false)
                .joined(separator: "\n" + String(repeating: " ", count: width))
            return Columns.pad(name, to: width) + indented
        }.joined(separator: "\n")
    }
}
