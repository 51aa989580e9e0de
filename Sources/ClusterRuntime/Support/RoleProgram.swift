import Base
import ClusterCore
import Foundation
import Synchronization

/// The program that plays the roles of a cluster: a `sheaf` of this very release.
///
/// It is the one that `$SHEAF_EXECUTABLE` names, else the running program where that is `sheaf`,
/// else a `sheaf` beside the running program, else one on the PATH.
public enum RoleProgram {
    /// How long a program may take to say its release.
    private static let answerTime: Duration = .seconds(5)
    private static let lane = ComputeLane("program")
    private static let isRunningSheaf = Atomic(false)

    /// Says that the running program is `sheaf` itself, whatever its file is called.
    public static func isThisOne() {
        isRunningSheaf.store(true, ordering: .relaxed)
    }

    /// Finds the program and asks it for its release, unless it is the one that runs.
    static func find() async throws(ClusterError) -> String {
        let search = Search(
            named: ProcessInfo.processInfo.environment["SHEAF_EXECUTABLE"],
            running: try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
            isRunningSheaf: isRunningSheaf.load(ordering: .relaxed),
            path: ProcessInfo.processInfo.environment["PATH"] ?? "")
        let (program, isRunning) = try search.program()
        if !isRunning { try await check(program) }
        return program
    }

    /// Throws unless a program says this release when it is asked for its own.
    static func check(_ program: String) async throws(ClusterError) {
        do {
            try await lane.run { try checkNow(program) }
        } catch {
            throw ClusterError.wrap(error)
        }
    }

    private static func checkNow(_ program: String) throws(ClusterError) {
        let answer = try answer(of: program)
        guard answer != Release.version else { return }
        let isRelease = answer.wholeMatch(of: /[0-9]+(\.[0-9]+)+\S*/) != nil
        throw .input(
            isRelease
                ? """
                \(program) is Sheaf \(answer), and this program needs \(Release.version). Name a \
                `sheaf` of that release in $SHEAF_EXECUTABLE.
                """
                : """
                \(program) does not answer --version with a release, as `sheaf` does. Name the \
                program `sheaf` of release \(Release.version) in $SHEAF_EXECUTABLE.
                """)
    }

    /// What a program prints when it is called with `--version`, at most 256 bytes of it.
    private static func answer(of program: String) throws(ClusterError) -> String {
        let answer: ChildProcess.Answer
        do throws(ClusterError) {
            answer = try ChildProcess.ask(
                program, ["--version"], reading: .output, within: answerTime, mostBytes: 256)
        } catch {
            throw .input(
                "\(program) cannot be started. Name a program that can be in $SHEAF_EXECUTABLE.")
        }
        switch answer {
        case .exited(_, let text): return text.trimmingCharacters(in: .whitespacesAndNewlines)
        case .signalled: return ""
        case .late:
            throw .input(
                """
                \(program) has not answered --version in \(Int(answerTime.seconds)) s. \
                Name the program `sheaf` in $SHEAF_EXECUTABLE.
                """)
        }
    }
}

extension RoleProgram {
    /// Where the program is looked for.
    struct Search {
        /// What `$SHEAF_EXECUTABLE` says.
        var named: String?
        /// The file of the running program.
        var running: String?
        /// Whether the running program is `sheaf`.
        var isRunningSheaf: Bool
        /// What `$PATH` says.
        var path: String

        /// The first program that is there, and whether it is the running one.
        func program() throws(ClusterError) -> (path: String, isRunning: Bool) {
            if let named, !named.isEmpty {
                guard Search.isProgram(named) else {
                    throw .input(
                        """
                        $SHEAF_EXECUTABLE names \(named), which is no program. Name the program \
                        `sheaf` of release \(Release.version), or unset it.
                        """)
                }
                return (named, isRunningSheaf && named == running)
            }
            if isRunningSheaf, let running, Search.isProgram(running) { return (running, true) }
            let folder = running.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
            let folders = [folder].compactMap(\.self) + path.split(separator: ":").map(String.init)
            for folder in folders where folder.hasPrefix("/") {
                let program = folder + "/sheaf"
                if Search.isProgram(program), !isRunning(program) { return (program, false) }
            }
            throw .input(
                """
                There is no program `sheaf` to start a cluster with, neither beside \
                \(running ?? "this program") nor on the PATH. Name it in $SHEAF_EXECUTABLE, or \
                open the cluster within this process (mode: .inProcess).
                """)
        }

        /// Whether a file is that of the running program, which is not `sheaf` but may be called
        /// so.
        private func isRunning(_ program: String) -> Bool {
            running.map {
                URL(fileURLWithPath: $0).resolvingSymlinksInPath()
                    == URL(fileURLWithPath: program).resolvingSymlinksInPath()
            } ?? false
        }

        private static func isProgram(_ path: String) -> Bool {
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
                && !isFolder.boolValue && FileManager.default.isExecutableFile(atPath: path)
        }
    }
}
