import ArgumentParser
import Foundation
import Sheaf

/// The program: parses, runs, and turns whatever was thrown into a message and an exit status.
@main
enum Main {
    static func main() async {
        // A reader that goes away is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        HeapPolicy.set()
        RoleProgram.isThisOne()
        do {
            let parsed = try SheafCommand.parseAsRoot()
            try EnvironmentSettings.check()
            ResourceAbort.tell()
            do { try ProcessLimits.check(.command) } catch { throw SheafError(error) }
            // Where a limit is so tight that a thread may be refused, the system ends it.
            if !ProcessLimits.areTight { Interruption.endsProgram() }
            if var command = parsed as? any AsyncParsableCommand {
                try await command.run()
            } else {
                var command = parsed
                try command.run()
            }
        } catch {
            end(status(of: error))
        }
    }

    /// Ends the program; without the libraries' last calls where these might wait for threads that
    /// a tight limit has kept from starting.
    private static func end(_ status: Int32) -> Never {
        guard ProcessLimits.areTight else { exit(status) }
        fflush(nil)
        _exit(status)
    }

    private static func status(of error: any Error) -> Int32 {
        let asJSON = CommandLine.arguments.contains("--json")
        if let error = error as? SheafError {
            guard let status = error.exitStatus else { return 0 }
            Terminal.report(error: "\(error)", code: error.code, asJSON: asJSON)
            return status.rawValue
        }
        if SheafCommand.exitCode(for: error) == .success {
            // Help and version come as errors too.
            print(SheafCommand.fullMessage(for: error))
            return 0
        }
        if let code = error as? ExitCode { return code.rawValue }
        let message = UsageMessage.text(
            of: error, arguments: Array(CommandLine.arguments.dropFirst()))
        Terminal.report(error: message, code: "usage", asJSON: asJSON)
        return SheafError.ExitStatus.input.rawValue
    }
}
