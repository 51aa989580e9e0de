import Foundation
import Testing

@testable import Sheaf

extension TrainingProgramTests {
    /// What `sheaf train` does when ranks, the whole run, or the disk fail.
    struct TrainingFaultTests {
        /// What befalls a rank.
        enum Fault: CaseIterable {
            case dies, standsStill
            /// It stands still until the other waits for it inside an operation, then it is killed.
            case diesWhileWaitedFor
        }

        @Test(arguments: Fault.allCases)
        func `a rank that dies or stands still changes nothing of the result`(fault: Fault) throws {
            let bench = try TrainingBench()
            defer { bench.remove() }
            let peace = try bench.run(bench.command("peace", workers: 2, ["--epochs", "20"]))
            #expect(peace.status == 0, "\(peace.error)")
            let running = try bench.start(bench.command("fault", workers: 2, ["--epochs", "20"]))
            bench.wait(for: 40, of: "fault", running)
            let rank = try #require(
                TrainingBench.processID(
                    of: "trainer-2", under: running.process.processIdentifier))
            switch fault {
            case .dies: kill(rank, SIGKILL)
            case .standsStill: kill(rank, SIGSTOP)
            case .diesWhileWaitedFor:
                kill(rank, SIGSTOP)
                // A step takes milliseconds: when no more are done, the other waits for this one.
                var steps = -1
                while steps != bench.steps("fault") {
                    steps = bench.steps("fault")
                    usleep(100_000)
                }
                kill(rank, SIGKILL)
            }
            let outcome = try running.wait()
            #expect(outcome.status == 0, "\(outcome.error)")
            #expect(outcome.error.contains("trainer-2"), "\(outcome.error)")
            #expect(outcome.error.contains("2 ranks go on"), "\(outcome.error)")
            #expect(try bench.trained("fault") == bench.trained("peace"))
            #expect(bench.steps("fault") == bench.steps("peace"))
        }

        @Test func `a run killed as a whole after any step goes on with the same bits`() throws {
            let bench = try TrainingBench()
            defer { bench.remove() }
            let more = [
                "--epochs", "8", "--dropout.hidden", "0.1", "--checkpoints.everySteps", "3",
            ]
            let peace = try bench.run(bench.command("peace", workers: 2, more))
            #expect(peace.status == 0, "\(peace.error)")
            let command = bench.command("killed", workers: 2, more)
            let steps = (0..<3).map { _ in Int.random(in: 1...40) }.sorted()
            for step in steps {
                let running = try bench.start(command)
                bench.wait(for: step, of: "killed", running)
                kill(running.process.processIdentifier, SIGKILL)
                _ = try running.wait()
            }
            let outcome = try bench.run(command)
            #expect(outcome.status == 0, "\(steps): \(outcome.error)")
            #expect(try bench.trained("killed") == bench.trained("peace"), "\(steps)")
            #expect(bench.steps("killed") == bench.steps("peace"), "\(steps)")
        }

        /// Whether this process may mount a file system that only its children see.
        private static let canMount: Bool = {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", "unshare -rm mount -t tmpfs none /mnt >/dev/null 2>&1"]
            try? process.run()
            process.waitUntilExit()
            return process.terminationStatus == 0
        }()

        @Test(.enabled(if: canMount, "no file system can be mounted here"), arguments: [1, 2])
        func `a full disk ends the run with words, and with room it goes on`(workers: Int) throws {
            let bench = try TrainingBench()
            defer { bench.remove() }
            let more = ["--epochs", "4", "--checkpoints.everySteps", "3"]
            let peace = try bench.run(bench.command("peace", workers: workers, more))
            #expect(peace.status == 0, "\(peace.error)")
            let command = bench.command("full/run", workers: workers, more)
            // Room for the log and one checkpoint, not for the second beside it.
            let size = try bench.checkpointBytes("peace") * 3 / 2
            let script = """
                full=$1; size=$2; shift 2
                mkdir -p "$full" && mount -t tmpfs -o size="$size" none "$full" || exit 99
                "$@" 2>"$full.error" && exit 98
                ls "$full/run/checkpoints" >"$full.left"
                mount -o remount,size=1g "$full" && "$@" || exit 97
                cp -r "$full/run" "$full.run"
                """
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments =
                ["unshare", "-rm", "sh", "-c", script, "full", bench.folder + "/full", "\(size)"]
                + [Program.path] + command
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            let error = try String(contentsOfFile: bench.folder + "/full.error", encoding: .utf8)
            #expect(process.terminationStatus == 0, "\(error)")
            #expect(
                error.contains("\(bench.folder)/full/run/checkpoints/step-000000006"), "\(error)")
            #expect(error.contains("No space left"), "\(error)")
            #expect(error.contains("the last good checkpoint is"), "\(error)")
            let left = try String(contentsOfFile: bench.folder + "/full.left", encoding: .utf8)
            #expect(left == "step-000000003\n")
            #expect(try bench.trained("full.run") == bench.trained("peace"))
        }
    }
}
