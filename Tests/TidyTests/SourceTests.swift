import Testing

/// What compilers and the formatter do not see.
struct SourceTests {
    /// Lines of the longest file by ending; to be lowered when the longest one is split.
    private static let longestFile = ["swift": 450, "h": 560, "c": 450, "cpp": 450]

    /// Calls that end the program, or speak where nobody asked.
    private static let banned: [(call: String, instead: String)] = [
        ("try" + "!", "throw"), ("as" + "! ", "use as? and throw"),
        ("fatal" + "Error(", "throw, or precondition for a rule of ours"),
        (" abort" + "()", "throw"), ("NS" + "Log(", "log through the logger"),
        ("unowned" + "(unsafe)", "use a strong or weak reference"),
    ]

    /// Marks of unfinished work, spelled so that this file has none.
    private static let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]

    @Test(arguments: Repository.sources)
    func `a banned call is not made`(file: Repository.File) {
        for (number, line) in file.lines.enumerated() where !line.isComment {
            for (call, instead) in Self.banned where line.contains(call) {
                Issue.record("\(file):\(number + 1) calls \(call): \(instead)")
            }
        }
    }

    /// What Base does once for every room, each with its errors.
    private static let callsOfBase: [(call: String, instead: String)] = [
        ("mmap", "MappedFile"), ("munmap", "MappedFile"), ("rename", "WholeFile or FileNames"),
        ("fsync", "WholeFile or FileNames"), ("flock", "FileLock"),
        ("pthread_create", "Threads"), ("detachNewThread", "Threads"),
        ("strerror", "FileError.words"),
    ]

    @Test(arguments: Repository.sources.filter { $0.target != "Base" })
    func `files, mappings, locks and threads are asked of Base`(file: Repository.File) throws {
        for (call, instead) in Self.callsOfBase {
            let pattern = try Regex("(^|[^\\w.]|Glibc\\.|Foundation\\.|Thread\\.)\(call)\\(")
            for (number, line) in file.lines.enumerated()
            where !line.isComment && !line.contains("func ") {
                #expect(
                    line.firstMatch(of: pattern) == nil,
                    "\(file):\(number + 1) calls \(call); use \(instead)")
            }
        }
        for (number, line) in file.lines.enumerated() where line.contains("options: .atomic") {
            Issue.record("\(file):\(number + 1) does not sync what it writes; use WholeFile")
        }
    }

    @Test(arguments: Repository.sources.filter { $0.target != "Formats" })
    func `JSON is written by Formats`(file: Repository.File) {
        for (number, line) in file.lines.enumerated() where !line.isComment {
            #expect(
                line.firstMatch(of: /[{,] ?\\"[\w\\()]+\\":/) == nil,
                "\(file):\(number + 1) writes JSON by hand; make a JSONValue")
        }
    }

    @Test(arguments: Repository.sources.filter { $0.target != "SheafCLI" })
    func `only the command line prints`(file: Repository.File) {
        for (number, line) in file.lines.enumerated() where !line.isComment {
            let isPrint = line.firstMatch(of: /(^|[^\w.])(print|debugPrint|dump)\(/) != nil
            #expect(!isPrint, "\(file):\(number + 1) prints; return the text or log it")
        }
    }

    @Test(arguments: Repository.sources + Repository.tests + Repository.native + Repository.scripts)
    func `no mark of unfinished work is left`(file: Repository.File) {
        for (number, line) in file.lines.enumerated() {
            for mark in Self.marks where line.contains(mark) {
                Issue.record("\(file):\(number + 1) says \(mark); do it or leave it out")
            }
        }
    }

    @Test(arguments: Repository.sources + Repository.tests + Repository.native + Repository.scripts)
    func `lines are at most 100 characters`(file: Repository.File) {
        for (number, line) in file.lines.enumerated() where line.count > 100 {
            Issue.record("\(file):\(number + 1) has \(line.count) characters; break the line")
        }
    }

    @Test(arguments: Repository.sources + Repository.native)
    func `files stay short enough to read`(file: Repository.File) {
        let limit = Self.longestFile[String(file.path.split(separator: ".").last ?? "")] ?? 0
        #expect(file.lines.count <= limit, "\(file); split it by topic: Type+Topic.swift")
    }

    @Test(arguments: Repository.sources)
    func `a file ends with one line feed and has no tabs or trailing blanks`(file: Repository.File)
    {
        #expect(file.text.hasSuffix("\n") && !file.text.hasSuffix("\n\n"), "\(file)")
        for (number, line) in file.lines.enumerated() {
            #expect(!line.hasSuffix(" ") && !line.contains("\t"), "\(file):\(number + 1)")
        }
    }
}

extension Substring {
    /// Whether the line is nothing but a comment.
    var isComment: Bool { drop { $0 == " " }.hasPrefix("//") }
}
