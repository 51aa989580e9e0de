import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// What is done on a full disk, and what is said.
///
/// Disks are small file systems in memory, which only root can make.
@Suite(
    .serialized, .enabled(if: Program.isBuilt, "the program is not built"),
    .enabled(if: geteuid() == 0, "only root can make a small disk"))
struct FullDiskTests {
    /// Runs `body` with a data folder on a disk of its own.
    private func withDisk(
        of size: String, _ body: (_ folder: String, _ data: String) throws -> Void
    ) throws {
        try withFolder { folder in
            let disk = folder + "/disk"
            try FileManager.default.createDirectory(
                atPath: disk, withIntermediateDirectories: false)
            guard try Program.succeeds("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", disk)
            else {
                return
            }
            defer { _ = try? Program.succeeds("umount", "--lazy", disk) }
            try body(folder, disk + "/data")
        }
    }

    /// Takes all that is left of a disk.
    private func fill(_ path: String) throws {
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        let file = try #require(FileHandle(forWritingAtPath: path))
        for size in [1 << 20, 1 << 12] {
            let block = Data(repeating: 1, count: size)
            while (try? file.write(contentsOf: block)) != nil {}
        }
        try? file.close()
    }

    private func index(_ folder: String, _ more: String...) throws -> [String] {
        [
            "index", try Fixtures.corpus(in: folder, count: 3000), "--collection", "c", "--model",
            try Fixtures.tinyModel(in: folder), "--workers", "1", "--batch-size", "32", "--quiet",
        ] + more
    }

    @Test func `indexing on a full disk says so once and ends after a while`() throws {
        try withDisk(of: "1m") { folder, data in
            let run = try Program.run(try index(folder, "--wait", "3"), data: data)
            #expect(run.status == 3, "\(run)")
            #expect(run.error.contains("No space left") || run.error.contains("disk is full"))
            #expect(run.error.contains(data) && run.error.contains("Free "))
            #expect(run.error.components(separatedBy: "waiting: ").count == 2, "\(run)")
        }
    }

    @Test func `indexing goes on by itself when there is space`() throws {
        try withDisk(of: "1m") { folder, data in
            let run = try Program.start(try index(folder), data: data)
            while run.process.isRunning, !run.error.contains("waiting: ") { usleep(20_000) }
            #expect(run.process.isRunning, "\(run.error)")
            let disk = (data as NSString).deletingLastPathComponent
            #expect(try Program.succeeds("mount", "-o", "remount,size=200m", disk))
            let outcome = try run.wait()
            #expect(outcome.status == 0 && outcome.output.contains("3,000 passages"), "\(outcome)")
        }
    }

    @Test func `searching and dropping need no space`() throws {
        try withDisk(of: "60m") { folder, data in
            let made = try Program.run(try index(folder), data: data)
            try #require(made.status == 0, "\(made)")
            let question = ["search", "river", "--collection", "c", "-k", "3", "--workers", "1"]
            let before = try Program.run(question, data: data)
            #expect(before.status == 0, "\(before)")
            try fill((data as NSString).deletingLastPathComponent + "/fill")
            for _ in 0..<2 {
                let after = try Program.run(question, data: data)
                #expect(after.status == 0 && after.output == before.output, "\(after)")
            }
            let drop = try Program.run(["collections", "drop", "c", "--yes"], data: data)
            #expect(drop.status == 0, "\(drop)")
            #expect(!FileManager.default.fileExists(atPath: data + "/collections/c"))
        }
    }

    @Test func `what indexing leaves of a full disk suffices for a drop`() throws {
        try withDisk(of: "60m") { folder, data in
            let call = try index(folder)
            let made = try Program.run(call, data: data)
            try #require(made.status == 0, "\(made)")
            try fill((data as NSString).deletingLastPathComponent + "/fill")
            // More than once: each start gives up the reserve, and must find room again.
            for _ in 0..<2 {
                let other = call.map { $0 == "c" ? "d" : $0 } + ["--wait", "1"]
                let run = try Program.run(other, data: data)
                #expect(run.status == 3 && run.error.contains("is full"), "\(run)")
            }
            let drop = try Program.run(["collections", "drop", "c", "--yes"], data: data)
            #expect(drop.status == 0, "\(drop)")
        }
    }
}
