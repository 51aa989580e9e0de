/// A table of short cells under a line of headings, columns two spaces apart.
struct TextTable {
    private let rows: [[String]]
    private let right: Set<Int>

    /// - Parameter right: Columns that are flush right.
    init(_ headings: [String], _ rows: [[String]], right: Set<Int>) {
        self.rows = [headings] + rows
        self.right = right
    }

    /// The lines, without a line feed behind the last.
    var text: String {
        let widths = (rows.first ?? []).indices.map { column in
            rows.map { Columns.width($0[column]) }.max() ?? 0
        }
        return rows.map { row in
            var line = row.enumerated().map { column, cell in
                right.contains(column)
                    ? Columns.padLeft(cell, to: widths[column])
                    : Columns.pad(cell, to: widths[column])
            }.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
