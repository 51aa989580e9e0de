import Foundation
import Testing

@testable import Sheaf

/// What the program says and how it ends when a call cannot be carried out.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct CommandLineFaultTests {
    @Test(arguments: [
        ["nonsense"], ["index"], ["index", "c.tsv", "--collection", "c"],
        ["index", "/nowhere.tsv", "--collection", "c", "--model", "/nowhere"],
        ["index", "c.tsv", "--collection", "c", "--model", "m", "--workers", "0"],
        ["search", "--collection", "c"], ["search", "", "--collection", "c"],
        ["search", "q", "--collection", "c", "-k", "0"],
        ["search", "q", "--collection", "c", "--timeout", "nan"],
        ["search", "q", "--questions", "f", "--collection", "c"],
        ["search", "--questions", "/nowhere", "--collection", "c"],
        ["search", "q", "--collection", "c", "--format", "xml"],
        ["evaluate", "/nowhere"], ["evaluate", "r", "--qrels", "a", "--gold", "b"],
        ["encode", "--model", "/nowhere", "--input", "i", "--output", "o"],
        ["encode", "--model", "/nowhere", "--input", "i", "--output", "/"],
        ["tokenize", "--model", "/nowhere"], ["collections", "list"],
        ["distill", "--reader", "/nowhere", "--input", "/nowhere", "--config", "/dev/null"],
        ["model", "fetch", "m", "--hub", "http://127.0.0.1:1", "--output", "/proc/m"],
        ["worker", "--coordinator", "ipc:///x", "--keys", "k"],
        ["coordinator", "--insecure", "--keys", "k", "--allowed", "a"],
        ["coordinator", "--workers", "1", "--keys", "k", "--allowed", "a"],
        ["coordinator", "--bind", "tcp://0.0.0.0:7999"], ["train", "--keys", "k"],
        ["train", "--insecure", "--keys", "k", "--allowed", "a"],
        ["predict", "--model", "m", "--corpus", "c"],
        ["predict", "q", "--questions", "f", "--model", "m", "--corpus", "c"],
        ["predict", "q", "--model", "m", "--corpus", "c", "-k", "0"],
    ])
    func `a call at fault ends with 2 and one message`(arguments: [String]) throws {
        try withFolder { folder in
            let run = try Program.run(arguments, data: folder + "/data")
            #expect(run.status == 2, "\(run)")
            #expect(run.error.hasPrefix("error: ") && run.output.isEmpty, "\(run)")
            #expect(run.error.split(separator: "\n").count == 1, "\(run)")
        }
    }

    @Test(arguments: [
        (["serch", "q"], "“serch” is no command of sheaf. Did you mean “search”?"),
        (["model", "inspct", "m"], "no command of sheaf model. Did you mean “inspect”?"),
        (["collections", "lst"], "no command of sheaf collections. Did you mean “list”?"),
        (["zzz"], "Its commands are index, search"),
        (["index", "c.tsv", "--colection", "c"], "'--colection'. Did you mean '--collection'?"),
        (["index", "c.tsv", "--collection", "c", "--modle", "m"], "Did you mean '--model'?"),
        (["search", "q", "--collection", "c", "-k", "x"], "See `sheaf search --help`."),
        (
            ["train", "--learning_rate", "1"],
            "did you mean optimizer.learningRate? Correct the setting."
        ),
    ])
    func `a word that is mistyped is told the one that is meant`(
        arguments: [String], told: String
    ) throws {
        try withFolder { folder in
            let run = try Program.run(arguments, data: folder + "/data")
            #expect(run.status == 2 && run.error.contains(told), "\(run)")
        }
    }

    @Test func `without progress too it is told why indexing waits`() throws {
        try withFolder { folder in
            let data = folder + "/data"
            // Nobody encodes.
            let coordinator = try Program.start(["coordinator"], data: data)
            defer { coordinator.process.terminate() }
            while coordinator.process.isRunning,
                try Program.run(["status"], data: data).output.contains("no cluster runs")
            {}
            let run = try Program.start(
                [
                    "index", try Fixtures.corpus(in: folder, count: 20), "--collection", "c",
                    "--model", try Fixtures.tinyModel(in: folder), "--quiet",
                ], data: data)
            let told = "waiting: no worker is ready\n"
            let deadline = ContinuousClock.now + .seconds(60)
            while run.process.isRunning, run.error != told, .now < deadline { usleep(20_000) }
            #expect(run.error == told)
            run.process.interrupt()
            #expect(try run.wait().status == 130)
        }
    }

    @Test func `commands are described in a line each`() throws {
        try withFolder { folder in
            for command: [String] in [[], ["model"], ["keys"], ["collections"]] {
                let run = try Program.run(command + ["--help"], data: folder)
                let lists = run.output.components(separatedBy: "SUBCOMMANDS:").dropFirst()
                #expect(!lists.isEmpty)
                for line in lists.joined(separator: "\n").split(separator: "\n") {
                    #expect(!line.hasPrefix("       "), "\(line)")
                }
            }
        }
    }

    @Test(arguments: [
        ["--workers", "2", "--min-workers", "3"], ["--workers", "3", "--max-workers", "2"],
        ["--workers", "1", "--max-workers", "2"],
    ])
    func `a world that cannot form is refused at once`(arguments: [String]) throws {
        try withFolder { folder in
            let call = [
                "train", "--data.training", "d.json", "--model.folder", "m", "--output", folder,
            ]
            let run = try Program.run(call + arguments, data: folder)
            #expect(run.status == 2 && run.error.contains(" ranks"), "\(run)")
        }
    }

    @Test func `with json an error is an object`() throws {
        try withFolder { folder in
            let run = try Program.run(["collections", "list", "--json"], data: folder)
            #expect(run.status == 2)
            let report = try Program.decode(Report.self, from: run.error)
            #expect(report.error.code == "input" && !report.error.message.isEmpty)
        }
    }

    private struct Report: Decodable {
        struct Fault: Decodable {
            var code: String
            var message: String
        }
        var error: Fault
    }

    @Test func `help and version go to the standard output`() throws {
        try withFolder { folder in
            #expect(try Program.run(["--version"], data: folder).output == Release.version + "\n")
            for command in [
                [], ["index"], ["search"], ["up"], ["down"], ["status"], ["evaluate"], ["encode"],
                ["tokenize"], ["coordinator"], ["worker"], ["keys", "generate"],
                ["collections", "list"], ["collections", "describe"], ["collections", "drop"],
            ] {
                let run = try Program.run(command + ["--help"], data: folder)
                #expect(run.status == 0 && run.error.isEmpty)
                #expect(run.output.contains(command.isEmpty ? "sheaf index" : "Example"))
            }
        }
    }

    @Test func `a malformed record is named with file and line`() throws {
        try withFolder { folder in
            let corpus = folder + "/bad.jsonl"
            try "{\"id\":\"1\",\"text\":\"good\"}\n{\"id\":\"2\",\n"
                .write(toFile: corpus, atomically: true, encoding: .utf8)
            let arguments = [
                "index", corpus, "--collection", "c", "--model", try Fixtures.tinyModel(in: folder),
                "--workers", "1",
            ]
            let run = try Program.run(arguments, data: folder + "/data")
            #expect(run.status == 2)
            #expect(run.error.contains("\(corpus):2"))
            #expect(run.error.contains(", or pass --skip-malformed"))
            // `predict` has no such option, and `encode` has none.
            let others = [
                ["predict", "q", "--corpus", corpus],
                ["encode", "--input", corpus, "--output", "o"],
            ]
            for other in others {
                let refused = try Program.run(other + ["--model", arguments[5]], data: folder)
                #expect(refused.status == 2 && refused.error.contains("bad.jsonl:2"), "\(refused)")
                #expect(!refused.error.contains("--skip"), "\(refused)")
            }
            let skipping = try Program.run(arguments + ["--skip-malformed"], data: folder + "/data")
            #expect(skipping.status == 0, "\(skipping.error)")
            #expect(skipping.output.contains("1 malformed record skipped"))
        }
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func `a signal ends a command that writes, and no file of it is left`(signal: Int32) throws {
        try withFolder { folder in
            let row = "{\"question\": \"q\", \"positive_ctxs\": [{\"text\": \"t\"}]}\n"
            try String(repeating: row, count: 400_000)
                .write(toFile: folder + "/in.jsonl", atomically: false, encoding: .utf8)
            try FileManager.default.createDirectory(
                atPath: folder + "/out", withIntermediateDirectories: false)
            let run = try Program.start(
                ["convert", "--input", folder + "/in.jsonl", "--output", folder + "/out/o.json"],
                data: folder)
            let out = URL(fileURLWithPath: folder + "/out")
            func names() throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: out.path)
            }
            while try names().isEmpty, run.process.isRunning { usleep(1_000) }
            kill(run.process.processIdentifier, signal)
            let ended = try run.wait()
            #expect(ended.status == 130 && ended.error == "error: Interrupted.\n", "\(ended)")
            #expect(try names() == [])
        }
    }

    @Test func `another corpus under the same name is refused with both digests`() throws {
        try withFolder { folder in
            let model = try Fixtures.tinyModel(in: folder)
            func index(_ count: Int) throws -> Program.Outcome {
                try Program.run(
                    [
                        "index", try Fixtures.corpus(in: folder, count: count), "--collection", "c",
                        "--model", model, "--workers", "1",
                    ], data: folder + "/data")
            }
            #expect(try index(9).status == 0)
            let other = try index(8)
            #expect(other.status == 2)
            #expect(other.error.contains("holds another source"))
        }
    }

    @Test func `a reader that goes away ends the program quietly`() throws {
        try withFolder { folder in
            let model = try Fixtures.tinyModel(in: folder) + "/context_encoder"
            let shell = Process()
            shell.executableURL = URL(fileURLWithPath: "/bin/sh")
            shell.arguments = [
                "-c",
                "yes text | head -n 50000 | { '\(Program.path)' tokenize --model '\(model)'; "
                    + "echo $? > '\(folder)/status'; } 2> '\(folder)/err' | head -n 1",
            ]
            shell.standardOutput = FileHandle.nullDevice
            try shell.run()
            shell.waitUntilExit()
            #expect(try String(contentsOfFile: folder + "/status", encoding: .utf8) == "0\n")
            #expect(try String(contentsOfFile: folder + "/err", encoding: .utf8).isEmpty)
        }
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func `an interrupted run goes on where it stopped`(signal: Int32) throws {
        try withFolder { folder in
            let arguments = [
                "index", try Fixtures.corpus(in: folder, count: 6000), "--collection", "c",
                "--model", try Fixtures.tinyModel(in: folder), "--workers", "2", "--batch-size",
                "16", "--json",
            ]
            let data = folder + "/data"
            let run = try Program.start(arguments, data: data)
            let segments = data + "/collections/c/segments"
            while run.process.isRunning,
                ((try? FileManager.default.contentsOfDirectory(atPath: segments)) ?? []).count < 8
            {
                usleep(2000)
            }
            kill(run.process.processIdentifier, signal)
            let interrupted = try run.wait()
            #expect(interrupted.status == 130, "\(interrupted)")
            #expect(interrupted.error.contains("the same command goes on"))
            #expect(try Program.run(["status"], data: data).output.contains("no cluster runs"))
            let whole = try Program.run(arguments, data: data)
            #expect(whole.status == 0, "\(whole.error)")
            let summary = try Program.decode(Summary.self, from: whole.output)
            #expect(summary.passages == 6000)
            #expect(summary.passagesEncoded < 6000, "what was committed is not encoded again")
        }
    }

    @Test func `a signal pauses the run of a cluster that stays`() throws {
        try withFolder { folder in
            let data = folder + "/data"
            #expect(try Program.run(["up", "--workers", "1"], data: data).status == 0)
            defer { _ = try? Program.run(["down"], data: data) }
            let run = try Program.start(
                [
                    "index", try Fixtures.corpus(in: folder, count: 6000), "--collection", "c",
                    "--model", try Fixtures.tinyModel(in: folder), "--batch-size", "8",
                ], data: data)
            let segments = data + "/collections/c/segments"
            while run.process.isRunning,
                ((try? FileManager.default.contentsOfDirectory(atPath: segments)) ?? []).count < 8
            {
                usleep(2000)
            }
            kill(run.process.processIdentifier, SIGINT)
            #expect(try run.wait().status == 130)
            let status = try Program.run(["status", "--json"], data: data)
            #expect(status.status == 0 && status.output.contains("\"indexing\":null"), "\(status)")
            #expect(status.output.contains("\"state\":\"interrupted\""), "\(status)")
        }
    }

    @Test func `a search that fails leaves no file`() throws {
        try withFolder { folder in
            let model = try Fixtures.tinyModel(in: folder)
            let data = folder + "/data"
            let index = try Program.run(
                [
                    "index", try Fixtures.corpus(in: folder, count: 9), "--collection", "c",
                    "--model", model, "--workers", "1",
                ], data: data)
            #expect(index.status == 0, "\(index.error)")
            try FileManager.default.createDirectory(
                atPath: folder + "/out", withIntermediateDirectories: true)
            let search = try Program.run(
                ["search", "q", "--collection", "other", "--output", folder + "/out/r.txt"],
                data: data)
            #expect(search.status == 2)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/out").isEmpty)
        }
    }

    private struct Summary: Decodable {
        var passages: Int
        var passagesEncoded: Int
    }
}
