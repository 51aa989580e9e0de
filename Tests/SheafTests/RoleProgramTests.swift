import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// Which program plays the roles of a cluster, as the command line finds it.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct RoleProgramTests {
    /// Asks for what needs a cluster, with variables of its own.
    private func up(_ variables: [String: String], data: String) throws -> Program.Outcome {
        try Program.run(["up", "--workers", "1"], data: data, variables: variables)
    }

    @Test func `a program that is another release is refused with both named`() throws {
        try withFolder { folder in
            let other = folder + "/other"
            try "#!/bin/sh\necho 99.1.2\n".write(toFile: other, atomically: true, encoding: .utf8)
            chmod(other, 0o755)
            let run = try up(["SHEAF_EXECUTABLE": other], data: folder + "/data")
            #expect(run.status == 2)
            #expect(run.error.contains("\(other) is Sheaf 99.1.2"), "\(run.error)")
            #expect(run.error.contains("needs \(Release.version)"), "\(run.error)")
            #expect(!FileManager.default.fileExists(atPath: folder + "/data/catalog.sqlite"))
        }
    }

    @Test(arguments: ["/bin/true", "/nowhere/sheaf", "/etc"])
    func `what is no sheaf is refused by its name`(program: String) throws {
        try withFolder { folder in
            let run = try up(["SHEAF_EXECUTABLE": program], data: folder + "/data")
            #expect(run.status == 2 && run.error.contains(program), "\(run)")
            #expect(run.error.contains("$SHEAF_EXECUTABLE"), "\(run)")
        }
    }

    @Test func `a program that says nothing is not waited for without end`() throws {
        try withFolder { folder in
            let silent = folder + "/silent"
            try "#!/bin/sh\nexec sleep 3600\n".write(
                toFile: silent, atomically: true, encoding: .utf8)
            chmod(silent, 0o755)
            let run = try up(["SHEAF_EXECUTABLE": silent], data: folder + "/data")
            #expect(run.status == 2 && run.error.contains("has not answered --version"), "\(run)")
        }
    }

    @Test func `a process that plays a role starts no cluster`() throws {
        try withFolder { folder in
            let run = try up(["SHEAF_CHILD_OF": "4711"], data: folder + "/data")
            #expect(run.status == 2 && run.error.contains("Process 4711"), "\(run)")
        }
    }

    @Test func `a program that opens clusters is asked once and not run again`() throws {
        try withFolder { folder in
            // Takes `up` and all other arguments for a wish to open a cluster, as an example does.
            let embedder = folder + "/embedder"
            let log = folder + "/runs"
            try """
            #!/bin/sh
            echo run >> \(log)
            exec env SHEAF_EXECUTABLE=\(embedder) \(Program.path) up --workers 1
            """.write(toFile: embedder, atomically: true, encoding: .utf8)
            chmod(embedder, 0o755)
            let run = try up(["SHEAF_EXECUTABLE": embedder], data: folder + "/data")
            #expect(run.status == 2, "\(run)")
            let runs = try String(contentsOfFile: log, encoding: .utf8)
            #expect(runs == "run\n")
        }
    }
}
