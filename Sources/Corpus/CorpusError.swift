/// What can go wrong with the files that users bring, and with those written for them.
public enum CorpusError: Error, Hashable, Sendable {
    /// No path was given.
    case noPaths
    /// A file could not be opened.
    case cannotOpen(path: String, reason: String)
    /// A folder was given where a file is read.
    case isFolder(path: String)
    /// A pipe or device was given where a file is read more than once.
    case notRegularFile(path: String)
    /// Reading failed.
    case cannotRead(path: String, reason: String)
    /// Reading was stopped by the one who asked for it.
    case stopped
    /// Writing failed.
    case cannotWrite(path: String, reason: String)
    /// A compressed file is cut off or damaged; `byteOffset` counts compressed bytes.
    case corruptGzip(path: String, byteOffset: UInt64, reason: String)
    /// The format could not be told from the first record.
    case unknownFormat(path: String, reason: String, remedy: String)
    /// The format cannot be told since the first line is broken JSON; `reason` says where.
    case brokenFirstLine(path: String, reason: String)
    /// The files of one corpus have several formats.
    case mixedFormats(
        first: String, format: CorpusFormat, second: String, otherFormat: CorpusFormat)
    /// The source holds no passage.
    case emptyCorpus(paths: [String], skippedLines: Int)
    /// A question file holds no question.
    case noQuestions(path: String)
    /// A record is not what its format asks for.
    case malformed(place: SourcePlace, reason: Malformation)
    /// Two passages have one id.
    case duplicateID(id: String, first: SourcePlace, second: SourcePlace)
    /// Two questions, results or judgements have one id.
    case duplicateEntry(id: String, first: SourcePlace, second: SourcePlace)
    /// A position does not start a line of its file, so the file is not the one that was scanned.
    case strayPosition(path: String, byteOffset: UInt64)
    /// The bytes of a passage block are not one.
    case malformedBlock(byteOffset: Int, reason: String)
    /// An id cannot be written to a format whose fields are parted by white space.
    case unwritableField(field: String, value: String)
    /// A score is not a finite number.
    case nonFiniteScore(questionID: String, passageID: String)
}

/// Why a record was refused.
public enum Malformation: Error, Hashable, Sendable {
    /// The line has another number of columns than the format.
    case wrongColumnCount(expected: Int, got: Int)
    /// The line has another number of columns, parted by white space, than a run or judgements.
    case wrongColumns(got: Int, expected: String)
    /// The line is not a JSON object; `column` is the byte in the record, counted from 1.
    case badJSON(column: Int, detail: String)
    /// A member is missing or empty.
    case missingField(String)
    /// A member has another type than the format asks for.
    case wrongType(field: String, expected: String)
    /// Title and text are both empty.
    case emptyPassage
    /// The question is empty.
    case emptyQuestion
    /// A quoted field never closes.
    case unterminatedQuote
    /// Bytes are not UTF-8.
    case invalidUTF8
    /// A NUL character occurs.
    case nulCharacter
    /// The record is larger than allowed.
    case tooLarge(limitBytes: Int)
    /// The answers are not a Python list of strings.
    case badAnswerList(detail: String)
    /// A number cannot be read.
    case badNumber(field: String, value: String)
    /// A number that must be whole is not.
    case notWhole(field: String, value: String)
}
