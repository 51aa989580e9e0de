import ClusterCore
import Testing

@testable import ClusterRuntime

/// Programs that are asked something and limited in time.
struct ChildProcessTests {
    private func ask(
        _ script: String, _ stream: ChildProcess.Stream = .errors,
        within time: Duration = .seconds(60)
    ) throws -> ChildProcess.Answer {
        try ChildProcess.ask("/bin/sh", ["-c", script], reading: stream, within: time)
    }

    @Test func `what a program says is read while it runs, and its end is kept`() throws {
        // More than a pipe holds.
        let answer = try ask(
            "head -c 300000 /dev/zero | tr '\\0' x >&2; echo 'error: y' >&2; exit 2")
        guard case .exited(2, let text) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(text.utf8.count == 4096 && text.hasSuffix("xerror: y\n"))
        #expect(try ask("echo a; echo b >&2", .output) == .exited(0, text: "a\n"))
    }

    @Test func `a program that ends by a signal or not in time is told apart`() throws {
        #expect(try ask("kill -9 $$") == .signalled(9))
        #expect(try ask("sleep 60", within: .milliseconds(50)) == .late)
        #expect(throws: ClusterError.self) {
            try ChildProcess.ask(
                "/no/such/program", [], reading: .output, within: .seconds(1))
        }
    }
}
