extension CorpusError: CustomStringConvertible {
    /// The fault and its remedy in one message.
    public var description: String {
        switch self {
        case .noPaths:
            "no input file was named; name at least one"
        case .cannotOpen(let path, let reason):
            "cannot open \(path): \(reason); check the path and its permissions"
        case .isFolder(let path):
            "\(path) is a folder without the BEIR file in it that is read (corpus.jsonl, or "
                + "queries.jsonl for questions); name the file to read"
        case .notRegularFile(let path):
            "\(path) is not a regular file, and input is read more than once; "
                + "save it to a file first"
        case .cannotRead(let path, let reason):
            "cannot read \(path): \(reason); check the disk and try again"
        case .stopped:
            "reading was stopped; start it again to go on"
        case .cannotWrite(let path, let reason):
            "cannot write \(path): \(reason); check the folder, its permissions and the free space"
        case .corruptGzip(let path, let byteOffset, let reason):
            "\(path) is not sound gzip at compressed byte \(byteOffset): \(reason); "
                + "fetch or compress the file again"
        case .unknownFormat(let path, let reason, let remedy):
            "cannot tell the format of \(path): \(reason). \(remedy)."
        case .mixedFormats(let first, let format, let second, let otherFormat):
            "\(first) looks like \(format.rawValue), \(second) like \(otherFormat.rawValue); the "
                + "files of one corpus have one format: convert one of them, or name the format "
                + "if it is the same"
        case .emptyCorpus(let paths, let skippedLines):
            "no passage in \(paths.joined(separator: ", "))"
                + (skippedLines > 0
                    ? " (\(counted(skippedLines, "malformed record")) skipped)" : "")
                + "; check that these are the files and the format you mean"
        case .noQuestions(let path):
            "no question in \(path); check that this is the file you mean"
        case .malformed(let place, let reason):
            "\(place): \(reason)"
        case .duplicateID(let id, let first, let second):
            "two passages have the id \"\(id)\": \(first) and \(second); make the ids unique"
        case .duplicateEntry(let id, let first, let second):
            "\"\(id)\" occurs twice: \(first) and \(second); remove one of the two"
        case .strayPosition(let path, let byteOffset):
            "byte \(byteOffset) of \(path) does not start a line: the file has changed since it "
                + "was scanned; index it again"
        case .malformedBlock(let byteOffset, let reason):
            "passage block is malformed at byte \(byteOffset): \(reason); "
                + "update all processes to one version"
        case .unwritableField(let field, let value):
            "\(field) \"\(value)\" is empty or holds white space, which TREC files cannot carry; "
                + "write DPR JSON instead"
        case .nonFiniteScore(let questionID, let passageID):
            "the score of passage \(passageID) for question \(questionID) is not finite; "
                + "check the model's weights"
        }
    }
}

extension Malformation: CustomStringConvertible {
    /// The fault and its remedy in one message.
    public var description: String {
        switch self {
        case .wrongColumnCount(let expected, let got):
            "\(counted(got, "tab-separated column")) where \(expected) are expected; "
                + "correct the line\(Self.orSkip)"
        case .wrongColumns(let got, let expected):
            "\(counted(got, "column")) where \(expected) are expected; correct the line"
        case .badJSON(let column, let detail):
            "not a JSON object (byte \(column): \(detail)); correct the line\(Self.orSkip)"
        case .missingField(let field):
            "\"\(field)\" is missing or empty; add it\(Self.orSkip)"
        case .wrongType(let field, let expected):
            "\"\(field)\" is not \(expected); correct it\(Self.orSkip)"
        case .emptyPassage:
            "title and text are both empty; remove the line\(Self.orSkip)"
        case .emptyQuestion:
            "the question is empty; remove the line or write the question"
        case .unterminatedQuote:
            "a field opens a quote that never closes; close it and double the quotes inside"
                + Self.orSkip
        case .invalidUTF8:
            "bytes that are not UTF-8; convert the file to UTF-8\(Self.orSkip)"
        case .nulCharacter:
            "a NUL character; remove it\(Self.orSkip)"
        case .tooLarge(let limitBytes):
            "the record is larger than \(limitBytes) bytes; split it\(Self.orSkip)"
        case .badAnswerList(let detail):
            "the answers are not a Python list of strings (\(detail)); "
                + "write them as ['one', \"two\"]"
        case .badNumber(let field, let value):
            "\(field) \"\(value)\" is not a number; correct it"
        case .notWhole(let field, let value):
            "\(field) \"\(value)\" is not a whole number; correct it"
        }
    }

    private static let orSkip = ", or pass --skip-malformed where passages are read"
}
