import Base
import Glibc

/// A folder that Hugging Face's `Dataset.save_to_disk` wrote: state.json names Arrow files, whose
/// rows follow each other.
///
///     let dataset = try SavedDataset(folder: "my_knowledge_dataset")
///     let text = try dataset.text("text", row: 0)
package struct SavedDataset: Sendable {
    /// The folder.
    package let folder: String
    /// How many rows there are.
    package let rows: Int
    private let parts: [Part]

    /// A file and its first row.
    private struct Part {
        var path: String
        var firstRow: Int
        var file: ArrowFile
    }

    /// Opens a folder; values are left where they lie.
    package init(folder: String) throws(SavedDatasetError) {
        self.folder = folder
        var parts: [Part] = []
        var rows = 0
        for name in try Self.files(folder) {
            let path = folder + "/" + name
            let file = try Self.open(path)
            if let first = parts.first, first.file.columns != file.columns {
                throw .otherColumns(path: path, first: first.path)
            }
            parts.append(Part(path: path, firstRow: rows, file: file))
            rows += file.rows
        }
        self.parts = parts
        self.rows = rows
    }

    /// The names of the columns, in their order.
    package var columns: [String] { parts.first?.file.columns.map(\.name) ?? [] }

    /// A column of texts.
    package func texts(_ name: String) throws(SavedDatasetError) -> Int {
        let column = try column(name)
        if case .text = column.kind { return column.number }
        throw .columnType(folder: folder, name: name, type: column.type, wanted: "utf8")
    }

    /// A column of vectors.
    package func vectors(_ name: String) throws(SavedDatasetError) -> Int {
        let column = try column(name)
        if case .vectors = column.kind { return column.number }
        throw .columnType(
            folder: folder, name: name, type: column.type, wanted: "lists of float16, 32 or 64")
    }

    private func column(
        _ name: String
    ) throws(SavedDatasetError) -> (number: Int, kind: ArrowColumn.Kind, type: String) {
        guard let file = parts.first?.file, let number = file.column(name) else {
            throw .missingColumn(folder: folder, name: name, columns: columns)
        }
        let kind = file.columns[number].kind
        return (number, kind, kind.name)
    }

    /// The text of a row, in a column that `texts` gave; nil where it is missing.
    package func text(_ column: Int, row: Int) throws(SavedDatasetError) -> String? {
        let part = part(row)
        do throws(FormatError) {
            return try part.file.text(column, row: row - part.firstRow)
        } catch {
            throw .malformed(path: part.path, offset: error.offset, reason: error.reason)
        }
    }

    /// Calls back with the bytes of a text where they lie; see `ArrowFile.withText`.
    package func withText<Result>(
        _ column: Int, row: Int, _ body: (UnsafeRawBufferPointer?) -> Result
    ) throws(SavedDatasetError) -> Result {
        let part = part(row)
        do throws(FormatError) {
            return try part.file.withText(column, row: row - part.firstRow, body)
        } catch {
            throw .malformed(path: part.path, offset: error.offset, reason: error.reason)
        }
    }

    /// Appends the components of a row's vector, in a column that `vectors` gave; false where it is
    /// missing.
    package func appendVector(
        _ column: Int, row: Int, to vector: inout [Float]
    ) throws(SavedDatasetError) -> Bool {
        let part = part(row)
        do throws(FormatError) {
            return try part.file.appendVector(column, row: row - part.firstRow, to: &vector)
        } catch {
            throw .malformed(path: part.path, offset: error.offset, reason: error.reason)
        }
    }

    /// Throws where what was read so far may have been zeros that are not in the files.
    package func check() throws(SavedDatasetError) {
        for part in parts where !part.file.isWhole {
            throw .unreadable(
                path: part.path,
                reason: "it was shortened, or could not be read, while it was in use")
        }
    }

    private func part(_ row: Int) -> Part {
        precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
        var low = 0
        var high = parts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if parts[middle].firstRow <= row { low = middle } else { high = middle }
        }
        return parts[low]
    }
}

extension SavedDataset {
    /// A state.json is small.
    private static let largestState = 16 << 20

    private static func open(_ path: String) throws(SavedDatasetError) -> ArrowFile {
        let file: MappedFile
        do throws(FileError) {
            file = try MappedFile(path)
        } catch {
            throw .unreadable(path: path, reason: error.reason)
        }
        do throws(FormatError) {
            return try ArrowFile(file)
        } catch {
            throw .malformed(path: path, offset: error.offset, reason: error.reason)
        }
    }

    /// The names of the data files that state.json lists.
    private static func files(_ folder: String) throws(SavedDatasetError) -> [String] {
        let path = folder + "/state.json"
        let bytes: [UInt8]
        do throws(FileError) {
            let file = try MappedFile(path)
            bytes = Array(file.bytes.prefix(largestState + 1))
        } catch {
            if case .refused(ENOENT) = error.cause { throw missing(folder) }
            throw .unreadable(path: path, reason: error.reason)
        }
        guard bytes.count <= largestState else {
            throw .malformedState(path: path, reason: "it is too large")
        }
        let state: JSONValue
        do throws(JSONError) {
            state = try JSONValue(bytes, .model)
        } catch {
            throw .malformedState(path: path, reason: "byte \(error.offset): \(error.reason)")
        }
        if let indices = state["_indices_data_files"], indices != .array([]) {
            throw .rearranged(path: path)
        }
        guard case .array(let files)? = state["_data_files"], !files.isEmpty else {
            throw .malformedState(path: path, reason: "_data_files lists no file")
        }
        var names: [String] = []
        for file in files {
            guard case .string(let name)? = file["filename"], !name.isEmpty,
                !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0), name != ".."
            else {
                throw .malformedState(
                    path: path, reason: "a filename of _data_files is no name in the folder")
            }
            names.append(name)
        }
        return names
    }

    /// What to say of a folder without state.json.
    private static func missing(_ folder: String) -> SavedDatasetError {
        (try? MappedFile(folder + "/dataset_dict.json")) == nil
            ? .missingState(folder: folder) : .severalSplits(folder: folder)
    }
}

extension ArrowColumn.Kind {
    /// What messages call it.
    var name: String {
        switch self {
        case .text(let isLarge): isLarge ? "large utf8" : "utf8"
        case .vectors(.offsets(let isLarge), let float):
            (isLarge ? "large list" : "list") + " of float\(8 * float.width)"
        case .vectors(.fixed(let length), let float):
            "fixed-size list of \(length) float\(8 * float.width)"
        case .other(let name): name
        }
    }
}

/// What can be wrong with a saved data set; each message ends with what to do about it.
package enum SavedDatasetError: Error, Equatable, Sendable {
    /// There is no state.json.
    case missingState(folder: String)
    /// The folder holds several data sets.
    case severalSplits(folder: String)
    /// state.json is not what `save_to_disk` writes.
    case malformedState(path: String, reason: String)
    /// The rows are to be read in another order than they lie.
    case rearranged(path: String)
    /// A file cannot be read.
    case unreadable(path: String, reason: String)
    /// A data file breaks its format, or has a form that is not read; offset in bytes.
    case malformed(path: String, offset: Int, reason: String)
    /// Two data files have other columns.
    case otherColumns(path: String, first: String)
    /// There is no such column.
    case missingColumn(folder: String, name: String, columns: [String])
    /// A column holds something else.
    case columnType(folder: String, name: String, type: String, wanted: String)
}

extension SavedDatasetError: CustomStringConvertible {
    /// The message: what, where, and the remedy.
    package var description: String {
        switch self {
        case .missingState(let folder):
            "\(folder): it has no state.json. Give the folder that Dataset.save_to_disk wrote."
        case .severalSplits(let folder):
            "\(folder): it holds several splits. Give the folder of one of them."
        case .malformedState(let path, let reason):
            "\(path): \(reason). Save the data set again with save_to_disk."
        case .rearranged(let path):
            "\(path): _indices_data_files gives the rows another order."
                + " Call flatten_indices() on the data set and save it again."
        case .unreadable(let path, let reason):
            "\(path): cannot be read (\(reason)). Check the path and its permissions."
        case .malformed(let path, let offset, let reason):
            "\(path): at byte \(offset): \(reason)."
                + " Save the data set again with save_to_disk, without compression."
        case .otherColumns(let path, let first):
            "\(path): its columns are others than those of \(first)."
                + " Save the data set again with save_to_disk."
        case .missingColumn(let folder, let name, let columns):
            "\(folder): it has no column '\(name)', only \(columns.joined(separator: ", "))."
                + " Name one of these."
        case .columnType(let folder, let name, let type, let wanted):
            "\(folder): column '\(name)' holds \(type). Give one that holds \(wanted)."
        }
    }
}
