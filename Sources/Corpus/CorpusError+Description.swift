extension CorpusError: CustomStringConvertible {
    /// The fault and its remedy in one message.
    public var description: String {
        switch self {
        case .noPaths:
            "no input file was named; name at least one"
        case .cannotOpen(let path, let reason):
            "cannot open \(path): \(reason); check the path and its permissions"
        case .isFolder(let path):
            "\(path) is a folder without the file in it that is read (of BEIR's, corpus.jsonl, or "
                + "queries.jsonl for questions); name the file to read, such as qrels/test.tsv"
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
        case .brokenFirstLine(let path, let reason):
            "cannot tell the format of \(path): the first line is not a JSON object\(reason). "
                + "Correct the line."
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

extension CorpusError {
    /// The message for those who can have malformed records passed over, as `IndexOrder` does.
    package var descriptionOfSkippable: String {
        switch self {
        case .malformed(_, let reason) where reason.isOfPassage:
            description + ", or pass --skip-malformed"
        case .brokenFirstLine:
            description.dropLast() + ", or name --format jsonl with --skip-malformed."
        default: description
        }
    }
}

extension Malformation: CustomStringConvertible {
    /// Whether a record of a corpus is refused for it, so that it could be passed over.
    fileprivate var isOfPassage: Bool {
        switch self {
        case .wrongColumnCount, .badJSON, .missingField, .wrongType, .emptyPassage,
            .unterminatedQuote, .invalidUTF8, .nulCharacter, .tooLarge:
            true
        case .wrongColumns, .emptyQuestion, .badAnswerList, .badNumber, .notWhole: false
        }
    }

    /// The fault and its remedy in one message.
    public var description: String {
        switch self {
        case .wrongColumnCount(let expected, let got):
            "\(counted(got, "tab-separated column")) where \(expected) are expected; "
                + "correct the line"
        case .wrongColumns(let got, let expected):
            "\(counted(got, "column")) where \(expected) are expected; correct the line"
        case .badJSON(let column, let detail):
            "not a JSON object (byte \(column): \(detail)); correct the line"
        case .missingField(let field):
            "\"\(field)\" is missing or empty; add it"
        case .wrongType(let field, let expected):
            "\"\(field)\" is not \(expected); correct it"
        case .emptyPassage:
            "title and text are both empty or missing; remove the line"
        case .emptyQuestion:
            "the question is empty; remove the line or write the question"
        case .unterminatedQuote:
            "a field opens a quote that never closes; close it and double the quotes inside"
        case .invalidUTF8:
            "bytes that are not UTF-8; convert the file to UTF-8"
        case .nulCharacter:
            "a NUL character; remove it"
        case .tooLarge(let limitBytes):
            "the record is larger than \(limitBytes) bytes; split it"
        case .badAnswerList(let detail):
            "the answers are not a Python list of strings (\(detail)); "
                + "write them as ['one', \"two\"]"
        case .badNumber(let field, let value):
            "\(field) \"\(value)\" is not a number; correct it"
        case .notWhole(let field, let value):
            "\(field) \"\(value)\" is not a whole number; correct it"
        }
    }
}
