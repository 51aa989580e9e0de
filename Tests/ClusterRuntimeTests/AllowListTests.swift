import CZeroMQ
import ClusterCore
import Foundation
import TestSupport
import Testing

@testable import ClusterRuntime

@Suite(.enabled(if: zmq_has("curve") == 1, "This libzmq was built without CURVE."))
struct AllowListTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func write(_ text: String, _ name: String) throws {
        try text.write(toFile: "\(folder.path)/\(name)", atomically: true, encoding: .utf8)
    }

    @Test func `an entry has its file's name, a fingerprint and a role`() throws {
        for role in KeyRole.allCases {
            let pair = try CurveKeys.generate(
                folder: folder.path, name: "k-\(role.rawValue)", role: role)
            var list = AllowList(folder: folder.path)
            #expect(
                list.entry(of: pair.publicKey)
                    == AllowedKey(
                        name: "k-\(role.rawValue)", fingerprint: pair.fingerprint, role: role))
            #expect(list.problems.isEmpty)
        }
        let before = try CurveKeys.generate(folder: folder.path, name: "before")
        var list = AllowList(folder: folder.path)
        #expect(list.entry(of: before.publicKey)?.role == .client)
        #expect(list.entry(of: String(before.publicKey.reversed())) == nil)
    }

    @Test func `a file that lets nobody in is named with the reason`() throws {
        let pair = try CurveKeys.generate(folder: folder.path, name: "good", role: .worker)
        let key = pair.publicKey
        let contents = [
            "empty": "", "short": String(key.dropLast()), "long": key + "x",
            "binary": "\0\0\0", "role": key + "\nrole: king\n", "word": key + "\nworker\n",
            "twice": key + "\nrole: worker\nrole: admin\n",
            "huge": String(repeating: key + "\n", count: 10),
        ]
        for (name, text) in contents { try write(text, "\(name).public") }
        try write("not looked at", "notes.txt")
        try FileManager.default.createDirectory(
            atPath: folder.path + "/folder.public", withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/gone.public", withDestinationPath: "/nowhere")
        #expect(mkfifo(folder.path + "/pipe.public", 0o644) == 0)
        var list = AllowList(folder: folder.path)
        #expect(list.entry(of: key)?.name == "good")
        let names = Array(contents.keys) + ["folder", "gone", "pipe"]
        #expect(Set(list.problems.keys) == Set(names.map { $0 + ".public" }))
        for (file, problem) in list.problems {
            #expect(problem.hasPrefix("\(folder.path)/\(file) lets nobody in: "))
        }
    }

    @Test func `a key that two files hold counts once, and the other file is named`() throws {
        let pair = try CurveKeys.generate(folder: folder.path, name: "a", role: .worker)
        try write(pair.publicKey + "\nrole: admin\n", "b.public")
        var list = AllowList(folder: folder.path)
        #expect(list.entry(of: pair.publicKey)?.role == .worker)
        #expect(list.problems["b.public"]?.contains("“a”") == true)
    }

    @Test func `a folder that is not there lets nobody in, and is named`() {
        var list = AllowList(folder: folder.path + "/missing")
        #expect(list.entry(of: String(repeating: "a", count: 40)) == nil)
        #expect(list.problems[""]?.contains("No such file") == true)
    }

    @Test func `public files can be read by all, secret ones by their owner, whatever the umask`()
        throws
    {
        let before = umask(0o077)
        defer { _ = umask(before) }
        _ = try CurveKeys.generate(folder: folder.path, name: "k", role: .client)
        for (ending, mode) in [("public", 0o644), ("secret", 0o600)] {
            let attributes = try FileManager.default.attributesOfItem(
                atPath: "\(folder.path)/k.\(ending)")
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == mode)
        }
    }

    @Test func `paths are resolved as far as they exist, and never climb out of what is missing`()
        throws
    {
        let real = try #require(PathRoots.resolved(folder.path))
        try write("", "file")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/dangling", withDestinationPath: "/nowhere")
        #expect(PathRoots.resolved(folder.path + "/file") == real + "/file")
        #expect(PathRoots.resolved(folder.path + "/./missing") == real + "/missing")
        #expect(PathRoots.resolved(folder.path + "/missing/deeper") == real + "/missing/deeper")
        #expect(PathRoots.resolved(folder.path + "/missing/..") == nil)
        #expect(PathRoots.resolved(folder.path + "/missing/../file") == nil)
        #expect(PathRoots.resolved(folder.path + "/dangling") == nil)
        #expect(PathRoots.resolved("/") == "/")
    }
}
