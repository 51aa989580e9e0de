import Base
import Formats

extension FuzzedReader {
    static let arrow = FuzzedReader(
        name: "arrow", file: "data.arrow",
        words: [
            [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0], [4, 0, 0, 0], [8, 0, 0, 0, 0, 0, 0, 0],
            [0x10, 0, 0, 0], [0xF8, 0xFF, 0xFF, 0xFF], [5], [12], [16], [20], [21], [3], [0x0C, 0],
        ],
        seeds: { goldens in
            // Arrow files lie beside the goldens.
            files(goldens + "/../arrow/saved", [".arrow"], limit: 8192)
                + files(goldens + "/../arrow/large", [".arrow"], limit: 8192)
                + files(goldens + "/../arrow", [".arrow"], limit: 8192)
        },
        read: { folder in
            do throws(FormatError) {
                guard let mapped = try? MappedFile(folder + "/data.arrow") else { return false }
                try readAll(try ArrowFile(mapped))
                return true
            } catch {
                return error.reason.isEmpty
            }
        })

    /// Reads the first and the last rows of each column.
    private static func readAll(_ file: ArrowFile) throws(FormatError) {
        var vector: [Float] = []
        for row in Set([0, 1, 2, 3, file.rows - 1]) where 0..<file.rows ~= row {
            for (number, column) in file.columns.enumerated() {
                switch column.kind {
                case .text: _ = try file.text(number, row: row)
                case .vectors:
                    vector.removeAll(keepingCapacity: true)
                    _ = try file.appendVector(number, row: row, to: &vector)
                case .other: break
                }
            }
        }
    }
}
