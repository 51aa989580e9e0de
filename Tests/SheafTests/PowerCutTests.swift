import Foundation
import TestSupport
import Testing

/// A share of `scripts/verify power-cut`: a recorded run, its power cut at every write and sync.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct PowerCutTests {
    @Test func `nothing acknowledged is lost in a power cut, and no epoch given twice`() throws {
        try withFolder { folder in
            let script = Process()
            script.executableURL = URL(
                fileURLWithPath: TestFiles.repository + "/scripts/power-cut")
            script.arguments = ["--seed", "7", "--images", "1", "--recoveries", "3"]
            script.environment = ProcessInfo.processInfo.environment.merging([
                "SHEAF_PROGRAM": Program.path, "TMPDIR": folder,
            ]) { $1 }
            let pipe = Pipe()
            script.standardOutput = pipe
            script.standardError = pipe
            try script.run()
            let text = String(
                decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            script.waitUntilExit()
            #expect(script.terminationStatus == 0, "\(text)")
            #expect(text.contains("3 of 3 recovered"), "\(text)")
        }
    }
}
