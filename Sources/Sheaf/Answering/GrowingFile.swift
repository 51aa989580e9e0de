import Base
import Formats
import Foundation

/// A file of JSON lines, one a question, that a run which was ended leaves to be gone on with.
///
/// Lines are kept in `PATH.partial`, whose first line says what the run was asked; `finish` writes
/// the whole of them to `PATH` and removes it. What a run finds there of another counts line by
/// line: line n answers question n, so two questions with one text are two lines.
///
/// 1. A line counts once its line feed is there; what follows the last one is cut off.
/// 2. The settings of the file are those of the run, or it is refused.
/// 3. Each line names the question that it answers by id and text, or the file is refused.
/// 4. One run at a time has the file, by a lock beside it.
final class GrowingFile {
    /// Questions whose lines are there.
    private(set) var done = 0

    private let path: String
    private let member: String
    private let partial: String
    private let file: OpenFile
    private let lock: FileLock

    /// The name under which lines are kept until all are there.
    static func partialName(of path: String) -> String { path + ".partial" }

    /// Whether a file can grow there: a device or a pipe holds nothing to go on with.
    static func canBe(at path: String) -> Bool {
        let kind = try? FileManager.default.attributesOfItem(atPath: path)[.type]
        return kind as? FileAttributeType ?? .typeRegular == .typeRegular
    }

    /// Opens or starts the file that becomes `path`.
    ///
    /// - Parameters:
    ///   - settings: What decides the lines, an object.
    ///   - questions: The questions in their order, as id and text.
    ///   - member: The name of the text in a line.
    init(
        _ path: String, settings: JSONValue, questions: [(id: String, text: String)],
        member: String = "question"
    ) throws(SheafError) {
        self.path = path
        self.member = member
        partial = Self.partialName(of: path)
        let partial = partial
        lock = try Self.lock(path, partial + ".lock")
        let file = try Self.writing { () throws(FileError) in
            try OpenFile(partial, O_RDWR | O_CREAT)
        }
        self.file = file
        let bytes: [UInt8] = try Self.writing { () throws(FileError) in
            try file.read(try file.size(), at: 0)
        }
        var whole = (bytes.lastIndex(of: 0x0A) ?? -1) + 1
        // A file that answers nothing yet may be of any run.
        if bytes.firstIndex(of: 0x0A) == bytes.lastIndex(of: 0x0A) { whole = 0 }
        try check(bytes[..<whole], settings, questions)
        try Self.writing { () throws(FileError) in
            try file.truncate(to: UInt64(whole))
            try file.seek(to: UInt64(whole))
        }
        if whole == 0 { try write([settings.bytes()]) }
    }

    /// Takes the lock; one whose file was removed meanwhile, by a run that finished, locks nothing.
    private static func lock(_ path: String, _ name: String) throws(SheafError) -> FileLock {
        while true {
            switch try writing({ () throws(FileError) in try FileLock.take(name) }) {
            case .taken(let lock):
                if lock.isInPlace { return lock }
                lock.release()
            case .held(let process):
                throw .request(
                    "Process \(process) writes \(path). Wait for it, or name another file.")
            }
        }
    }

    private func check(
        _ bytes: ArraySlice<UInt8>, _ settings: JSONValue,
        _ questions: [(id: String, text: String)]
    ) throws(SheafError) {
        for (number, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .dropLast().enumerated()
        {
            guard let value = try? JSONValue(Array(line), .data) else {
                throw refusal("line \(number + 1) is not JSON")
            }
            guard number > 0 else {
                if value == settings { continue }
                throw refusal("it was written with another \(difference(value, settings))")
            }
            guard number <= questions.count else {
                throw refusal("it answers more than the \(questions.count) questions there are")
            }
            let asked = questions[number - 1]
            guard value["id"] == .string(asked.id), value[member] == .string(asked.text) else {
                throw refusal(
                    "line \(number + 1) does not answer question \(number) (“\(asked.text)”)")
            }
            done = number
        }
    }

    /// The name of the first setting that differs.
    private func difference(_ found: JSONValue, _ wanted: JSONValue) -> String {
        guard case .object(let members) = wanted else { return "form" }
        for member in members where found[member.name] ?? .null != member.value {
            return "\(member.name): \(found[member.name]?.text ?? "none"), now \(member.value.text)"
        }
        guard case .object(let others) = found,
            let other = others.first(where: { wanted[$0.name] == nil })
        else { return "form" }
        return "\(other.name): \(other.value.text), now none"
    }

    private func refusal(_ reason: String) -> SheafError {
        .request(
            "\(partial) is of another run: \(reason). Repeat that run's call, or remove the file.")
    }

    /// Adds the lines of the questions that come next.
    func append(_ lines: [JSONValue]) throws(SheafError) {
        try write(lines.map { $0.bytes() })
        done += lines.count
    }

    private func write(_ lines: [[UInt8]]) throws(SheafError) {
        let bytes = Array(lines.map { $0 + [0x0A] }.joined())
        try Self.writing { () throws(FileError) in try file.write(bytes) }
    }

    /// Writes all lines to the file's own path, as they are or as one JSON array.
    func finish(asArray: Bool) throws(SheafError) {
        try Self.writing { () throws(FileError) in
            let bytes: [UInt8] = try file.read(try file.size(), at: 0)
            let whole = try WholeFile(path)
            let lines = bytes.split(separator: 0x0A).dropFirst()
            if asArray { try whole.write("[") }
            for (number, line) in lines.enumerated() {
                if asArray { try whole.write(number == 0 ? "\n" : ",\n") }
                try whole.write(Array(line))
                if !asArray { try whole.write("\n") }
            }
            if asArray { try whole.write("\n]\n") }
            try whole.finish()
        }
        for name in [partial, partial + ".lock"] {
            try? FileManager.default.removeItem(atPath: name)
        }
        lock.release()
    }

    private static func writing<Value>(
        _ body: () throws(FileError) -> Value
    ) throws(SheafError) -> Value {
        do throws(FileError) {
            return try body()
        } catch {
            throw SheafError(writing: error)
        }
    }
}
