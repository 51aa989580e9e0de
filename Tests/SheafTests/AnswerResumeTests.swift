import Base
import Formats
import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// A run over many questions that was ended goes on behind its last whole line.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct AnswerResumeTests {
    private let folder: TemporaryFolder
    private var output: String { folder.path + "/answers.jsonl" }
    private var partial: String { output + ".partial" }

    init() throws { folder = try TemporaryFolder() }

    private func call(_ questions: Int, _ more: String...) throws -> [String] {
        [
            "answer", "--contexts", try AnswerFixtures.results(questions, in: folder), "--model",
            try AnswerFixtures.bart(in: folder), "--beams", "2", "--output", output, "-q",
            "--generator-threads", "1",
        ] + more
    }

    private func run(_ arguments: [String]) throws -> Program.Outcome {
        try Program.run(arguments, data: folder.path + "/data")
    }

    private func lines(_ path: String) -> Int {
        ((try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data()).count { $0 == 0x0A }
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    @Test(arguments: [SIGKILL, SIGINT, SIGTERM])
    func `whatever ends a run, the next one gives the same file`(signal: Int32) throws {
        let call = try call(1500)
        #expect(try run(call).status == 0)
        let whole = try folder.read("answers.jsonl")
        #expect(whole.split(separator: "\n").count == 1500 && !exists(partial))
        try folder.remove("answers.jsonl")
        var ends = 0
        var done = 0
        for _ in 0..<3 {
            let running = try Program.start(call, data: folder.path + "/data")
            while running.process.isRunning, lines(partial) < done + 40 { usleep(2_000) }
            kill(running.process.processIdentifier, signal)
            let outcome = try running.wait()
            if exists(output) { break }
            ends += 1
            done = lines(partial)
            if signal != SIGKILL {
                #expect(outcome.status == 130, "\(outcome)")
                #expect(outcome.error.contains("The same call goes on"), "\(outcome)")
            }
        }
        #expect(ends > 0, "no run was ended before it was done")
        let last = try run(call)
        #expect(last.status == 0 && last.error.contains("were there already"), "\(last)")
        #expect(try folder.read("answers.jsonl") == whole && !exists(partial))
        #expect(!exists(partial + ".lock"))
    }

    @Test func `a line counts once it is whole`() throws {
        let call = try call(9)
        #expect(try run(call + ["--kind", "token"]).status == 0)
        let lines = try folder.read("answers.jsonl").split(separator: "\n").map(String.init)
        let file = try GrowingFile(
            output + "2", settings: ["a": .integer(1)], questions: [("1", "x"), ("2", "x")])
        try file.append([["id": .string("1"), "question": .string("x")]])
        let begun = try String(contentsOfFile: output + "2.partial", encoding: .utf8)
        #expect(begun == "{\"a\":1}\n{\"id\":\"1\",\"question\":\"x\"}\n" && lines.count == 9)
    }

    @Test func `a file that answers nothing yet is begun anew by any run`() throws {
        try folder.write("begun.partial", "{\"a\":1}\n{\"id\":\"1\", \"ques")
        let file = try GrowingFile(
            folder.path + "/begun", settings: ["a": .integer(2)], questions: [("1", "x")])
        #expect(file.done == 0)
        #expect(try folder.read("begun.partial") == "{\"a\":2}\n")
    }

    /// Leaves the file of a run that ended in its fifth line, torn.
    private func leaveTorn(_ call: [String]) throws -> String {
        #expect(try run(call).status == 0)
        let whole = try folder.read("answers.jsonl")
        try folder.remove("answers.jsonl")
        let running = try Program.start(call, data: folder.path + "/data")
        while running.process.isRunning, lines(partial) < 1 { usleep(500) }
        kill(running.process.processIdentifier, SIGKILL)
        _ = try running.wait()
        try? folder.remove("answers.jsonl")
        let header = try #require(
            try? String(contentsOfFile: partial, encoding: .utf8).split(separator: "\n").first)
        let kept = whole.split(separator: "\n").prefix(4)
        try folder.write(
            "answers.jsonl.partial",
            ([header] + kept).map { $0 + "\n" }.joined() + "{\"id\": \"5\", \"ques")
        return whole
    }

    @Test func `a torn line is written anew, and texts that stand twice are two lines`() throws {
        let call = try call(1500)
        let whole = try leaveTorn(call)
        let again = try run(call)
        #expect(again.status == 0 && again.error.contains("4 answers were there"), "\(again)")
        #expect(try folder.read("answers.jsonl") == whole)
    }

    @Test func `a file of another run is refused, and says in what it differs`() throws {
        let call = try call(1500)
        _ = try leaveTorn(call)
        let left = try folder.read("answers.jsonl.partial")
        let beams = try run(call + ["--length-penalty", "2"])
        #expect(beams.status == 2 && beams.error.contains("length_penalty"), "\(beams)")
        try folder.edit("results.json") {
            $0.replacing("which river has number 0 ?", with: "who has salt ?")
        }
        let contexts = try run(call)
        #expect(contexts.status == 2 && contexts.error.contains("contexts"), "\(contexts)")
        #expect(try folder.read("answers.jsonl.partial") == left)
        let header = left.split(separator: "\n")[0]
        for (text, word) in [
            (header + "\n{\"id\":\"1\",\"question\":\"other\"}\n", "does not answer question 1"),
            (header + "\nnone\n", "is not JSON"), ("{}\n{}\n", "another"),
        ] {
            let asked: [(id: String, text: String)] = [("1", "which")]
            try folder.write("answers.jsonl.partial", String(text))
            let settings = try JSONValue(Array(header.utf8), .data)
            let error = #expect(throws: SheafError.self) {
                try GrowingFile(output, settings: settings, questions: asked)
            }
            #expect("\(error as Any)".contains(word), "\(error as Any)")
        }
    }

    @Test func `two runs do not write one file`() throws {
        let file = try GrowingFile(output, settings: ["a": .integer(1)], questions: [])
        let second = try run(try call(3))
        #expect(second.status == 2 && second.error.contains("writes"), "\(second)")
        try file.finish(asArray: true)
        #expect(try folder.read("answers.jsonl") == "[\n]\n")
    }

    @Test func `a lock whose file went away while it was waited for is taken anew`() throws {
        let name = GrowingFile.partialName(of: output) + ".lock"
        guard case .taken(let lock) = try FileLock.take(name) else {
            Issue.record("the lock is held")
            return
        }
        // As a run does that finishes.
        let other = Thread {
            usleep(20_000)
            try? FileManager.default.removeItem(atPath: name)
            lock.release()
        }
        other.start()
        var file: GrowingFile?
        while file == nil {
            file = try? GrowingFile(output, settings: ["a": .integer(1)], questions: [])
        }
        #expect(try FileLock.holder(of: name) == "\(getpid())")
        try file?.finish(asArray: false)
        #expect(try FileLock.holder(of: name) == nil)
    }

    @Test func `a run goes on behind a symbolic link, and leaves it`() throws {
        try folder.write("far/kept", "")
        try FileManager.default.createSymbolicLink(
            atPath: output, withDestinationPath: "far/answers.jsonl")
        let call = try call(3)
        let target = folder.path + "/far/answers.jsonl"
        let partial = GrowingFile.partialName(of: target)
        do {
            let lines = try OutputLines(
                path: output, .jsonl, settings: ["a": .integer(1)], questions: [("1", "q")])
            #expect(lines.whatNext.contains("goes on") && exists(partial))
        }
        try FileManager.default.removeItem(atPath: partial)
        let run = try run(call)
        #expect(run.status == 0, "\(run)")
        #expect(lines(target) == 3)
        let kind = try FileManager.default.attributesOfItem(atPath: output)[.type]
        #expect(kind as? FileAttributeType == .typeSymbolicLink)
    }
}
