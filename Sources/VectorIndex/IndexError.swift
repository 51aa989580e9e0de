internal import Base

/// What can go wrong with segments, shard indexes and searches.
public enum IndexError: Error, Equatable, Sendable {
    /// A system call on a file or folder failed; `code` is its `errno`.
    case fileSystem(operation: String, path: String, code: Int32)
    /// The SHA-256 of a file is not the one that was asked for.
    case checksumMismatch(path: String, expected: String, found: String)
    /// A file is not a segment, or a damaged one; `offset` is the byte where it shows.
    case malformedSegment(path: String, offset: Int, reason: String)
    /// A file was shortened, or could not be read, while it was in use.
    case changedInUse(path: String)
    /// A segment was written in a format this version does not read.
    case unsupportedVersion(path: String, found: String, supported: String)
    /// Stored text is not UTF-8.
    case invalidText(path: String, row: Int, field: String)
    /// A vector holds NaN or infinity, at this component.
    case nonFiniteVector(passageID: String, component: Int)
    /// A vector holds a number too large for float16, at this component.
    case beyondFloat16(passageID: String, component: Int)
    /// A stored vector of a segment holds NaN or infinity.
    case nonFiniteRow(path: String, row: Int)
    /// A question vector holds NaN or infinity.
    case nonFiniteQuestion(index: Int)
    /// Two sizes that must agree do not.
    case shapeMismatch(what: String, expected: Int, found: Int)
    /// A number lies outside what is possible here.
    case outOfRange(what: String, value: Int, minimum: Int, maximum: Int)
    /// Two segments of one shard were encoded by different encoders.
    case mixedEncoders(path: String, expected: String, found: String)
    /// Two segments of one shard hold the same ordinal.
    case overlappingOrdinals(path: String, otherPath: String, ordinal: UInt64)
    /// No index kind has this name.
    case unknownKind(name: String, known: [String])
    /// An option of an index kind is not one, or not one of this kind.
    case unknownOption(kind: String, option: String, known: [String])
    /// What was asked for is not there for this index kind.
    case unsupported(what: String, kind: String, remedy: String)
    /// Faiss refused an operation; `message` is its own.
    case faiss(operation: String, message: String)
    /// A Faiss index file is damaged, or of a kind that is not searched; offset in bytes.
    case unreadableFaissFile(path: String, offset: Int, reason: String)
    /// A pickle beside an index cannot be read; offset in bytes.
    case unreadablePickle(path: String, offset: Int, reason: String)
    /// A folder lacks one of an index's files, or holds several that could be it.
    case missingIndexFile(folder: String, name: String, ending: String)
    /// A saved data set cannot be read; the message is its own.
    case savedDataset(message: String)
}

extension IndexError: CustomStringConvertible {
    /// One sentence of facts and one of remedy.
    public var description: String {
        switch self {
        case .fileSystem(let operation, let path, let code):
            "\(operation) \(path) failed: \(FileError.words(code)). \(FileError.remedy(code))"
        case .checksumMismatch(let path, let expected, let found):
            "\(path) has SHA-256 \(found), expected \(expected). "
                + "Delete it and fetch or build the segment again."
        case .malformedSegment(let path, let offset, let reason):
            "\(path) is not a whole segment, at byte \(offset): \(reason). "
                + "Delete it and fetch or build the segment again."
        case .changedInUse(let path):
            "\(path) was shortened, or could not be read, while it was in use. "
                + "Check the disk, and run `sheaf index` with the same corpus again: what is "
                + "missing is made anew."
        case .unsupportedVersion(let path, let found, let supported):
            "\(path) has segment format version \(found); this program reads \(supported). "
                + "Use the program that wrote it, or index the source again."
        case .invalidText(let path, let row, let field):
            "\(path) holds a \(field) in row \(row) that is not UTF-8. "
                + "Delete it and fetch or build the segment again."
        case .nonFiniteVector(let passageID, let component):
            "the vector of passage \(passageID) is not finite at component \(component). "
                + "Check the encoder's weights, or leave this passage out."
        case .beyondFloat16(let passageID, let component):
            "the vector of passage \(passageID) is too large for float16 at component "
                + "\(component). Store this collection's vectors as f32."
        case .nonFiniteRow(let path, let row):
            "\(path) holds a vector in row \(row) that is not finite. "
                + "Delete it and fetch or build the segment again."
        case .nonFiniteQuestion(let index):
            "the vector of question \(index) is not finite. Check the question encoder's weights."
        case .shapeMismatch(let what, let expected, let found):
            "\(what): expected \(expected), found \(found). Pass matching sizes."
        case .outOfRange(let what, let value, let minimum, let maximum):
            "\(what) is \(value). Choose a value from \(minimum) to \(maximum)."
        case .mixedEncoders(let path, let expected, let found):
            "\(path) was encoded by \(found), the rest of the shard by \(expected). "
                + "Index this source again with the collection's encoder."
        case .overlappingOrdinals(let path, let otherPath, let ordinal):
            "\(path) and \(otherPath) both hold ordinal \(ordinal). Load only one of them."
        case .unknownKind(let name, let known):
            "there is no index kind \"\(name)\". Choose one of: \(known.joined(separator: ", "))."
        case .unknownOption(let kind, let option, let known):
            "the index kind \"\(kind)\" has no option \"\(option)\". "
                + (known.isEmpty
                    ? "Leave it out." : "Choose from: \(known.joined(separator: ", ")).")
        case .unsupported(let what, let kind, let remedy):
            "there is no \(what) for the index kind \"\(kind)\". \(remedy)"
        case .faiss(let operation, let message):
            // What some kinds say of the inner product, which Faiss has them for by L2 alone.
            "Faiss could not \(operation): \(message). Choose "
                + (message.contains("METRIC_L2") ? "--metric l2, " : "")
                + "another index kind, or \"exact\"."
        case .unreadableFaissFile(let path, let offset, let reason):
            "\(path): at byte \(offset): \(reason). Write it again with faiss.write_index from a "
                + "Flat, SQ, PQ, HNSW or IVF index, trained and with all its passages."
        case .unreadablePickle(let path, let offset, let reason):
            "\(path): at byte \(offset): \(reason). Write it again with pickle.dump, from lists, "
                + "dictionaries, tuples and texts alone."
        case .missingIndexFile(let folder, let name, let ending):
            "\(folder) has no file \(name), and not one file that ends in \(ending). Name the "
                + "folder of an index that DPR wrote, or a Faiss file with its saved data set."
        case .savedDataset(let message): message
        }
    }
}
