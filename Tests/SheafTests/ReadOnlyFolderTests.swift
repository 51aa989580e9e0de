import ClusterRuntime
import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// A data folder that may only be read can be searched, and stays as it is.
@Suite(
    .serialized, .enabled(if: Program.isBuilt, "the program is not built"),
    .enabled(if: geteuid() == 0, "only root can mount a folder for reading alone"))
struct ReadOnlyFolderTests {
    private func views(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder)
    }

    @Test func `a folder that may only be read is searched and stays as it is`() throws {
        try withFolder { folder in
            let (data, seen, place) = (folder + "/data", folder + "/seen", folder + "/tmp")
            for path in [seen, place] {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: false)
            }
            let made = try Program.run(
                [
                    "index", try Fixtures.corpus(in: folder, count: 100), "--collection", "c",
                    "--model", try Fixtures.tinyModel(in: folder), "--workers", "1", "--quiet",
                ], data: data)
            try #require(made.status == 0, "\(made)")
            let question = ["search", "river", "--collection", "c", "-k", "3", "--workers", "1"]
            let before = try Program.run(question + ["--format", "trec"], data: data)
            try #require(before.status == 0, "\(before)")
            guard try Program.succeeds("mount", "--bind", data, seen),
                try Program.succeeds("mount", "-o", "remount,bind,ro", seen)
            else { return }
            defer { _ = try? Program.succeeds("umount", "--lazy", seen) }
            let files = try FileManager.default.subpathsOfDirectory(atPath: data)
            let after = try Program.run(
                question + ["--format", "trec"], data: seen, variables: ["TMPDIR": place])
            #expect(after.status == 0 && after.output == before.output, "\(after)")
            #expect(try FileManager.default.subpathsOfDirectory(atPath: data) == files)
            #expect(try views(in: place).isEmpty)
            let listed = try Program.run(
                ["collections", "list"], data: seen, variables: ["TMPDIR": place])
            #expect(listed.status == 0 && listed.output.contains("c"), "\(listed)")
            let dropped = try Program.run(
                ["collections", "drop", "c", "--yes"], data: seen, variables: ["TMPDIR": place])
            #expect(dropped.status == 2 && dropped.error.contains("only be read"), "\(dropped)")
            let started = try Program.run(["up"], data: seen)
            let reason = "\(seen): this user may not write to it. Name a folder you may write to"
            #expect(
                started.status == 3 && started.error == "error: \(reason) with --data.\n",
                "\(started)")
            #expect(try FileManager.default.subpathsOfDirectory(atPath: data) == files)
        }
    }
}
