import Base
import Foundation
import TestSupport
import Testing

struct FileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func path(_ name: String) -> String { folder.path + "/" + name }

    private func content(_ name: String) -> String? {
        FileManager.default.contents(atPath: path(name)).map { String(decoding: $0, as: UTF8.self) }
    }

    private func mode(_ name: String) throws -> Int {
        let facts = try FileManager.default.attributesOfItem(atPath: path(name))
        return try #require(facts[.posixPermissions] as? NSNumber).intValue
    }

    @Test func `a file has its name once it is finished`() throws {
        try WholeFile.write(Array("old".utf8), to: path("a"))
        let file = try WholeFile(path("a"))
        try file.write("new")
        #expect(content("a") == "old")
        try file.finish()
        #expect(content("a") == "new")
        #expect(try folder.names == ["a"])
    }

    @Test func `a file that is not finished leaves nothing behind`() throws {
        do {
            let file = try WholeFile(path("a"))
            try file.write([UInt8](repeating: 7, count: 1 << 19))
            #expect(try folder.names.count == 1)
        }
        #expect(try folder.names.isEmpty)
    }

    @Test func `bytes written before are replaced in their place`() throws {
        let file = try WholeFile(path("a"))
        try file.write("0000 rest")
        try file.rewrite(Array("1234".utf8), at: 0)
        try file.write(" and more")
        try file.finish()
        #expect(content("a") == "1234 rest and more")
    }

    @Test func `what its owner alone may read has that mode whatever the umask`() throws {
        try WholeFile.write([1], to: path("a"), for: .owner)
        #expect(try mode("a") == 0o600)
    }

    @Test func `a device is written to directly`() throws {
        try WholeFile.write([1, 2, 3], to: "/dev/null")
        var information = stat()
        #expect(stat("/dev/null", &information) == 0 && information.st_mode & S_IFMT == S_IFCHR)
    }

    @Test func `a symbolic link leads to what it points to`() throws {
        try WholeFile.write([1], to: path("file"))
        try FileManager.default.createDirectory(
            atPath: path("far"), withIntermediateDirectories: false)
        for (link, target) in [
            ("near", "file"), ("twice", path("near")), ("missing", "far/new"), ("inside", "far/b"),
        ] {
            try FileManager.default.createSymbolicLink(
                atPath: path(link), withDestinationPath: target)
        }
        for (link, target) in [("twice", "file"), ("missing", "far/new"), ("inside", "far/b")] {
            try WholeFile.write(Array(link.utf8), to: path(link))
            #expect(content(target) == link && content(link) == link)
            let kind = try FileManager.default.attributesOfItem(atPath: path(link))[.type]
            #expect(kind as? FileAttributeType == .typeSymbolicLink)
        }
        #expect(FileNames.target(of: "/dev/stdout").hasPrefix("/"))
        try FileManager.default.createSymbolicLink(
            atPath: path("round"), withDestinationPath: "round")
        #expect(throws: FileError.self) { try WholeFile.write([1], to: path("round")) }
    }

    @Test func `a full disk is an error that names the file that is meant`() throws {
        let full = FileError("writing", "/dev/full", code: ENOSPC)
        #expect(throws: full) { try WholeFile.write([1], to: "/dev/full") }
        #expect(full.reason == "No space left on device")
        #expect(throws: FileError("creating", path("no/a"), code: ENOENT)) {
            try WholeFile(path("no/a"))
        }
        #expect(throws: FileError("creating", folder.path, .isFolder)) {
            try WholeFile(folder.path)
        }
    }

    @Test func `a file is named by its digest`() throws {
        let file = try DigestNamedFile(in: folder.path)
        try file.write(Array("a".utf8))
        try file.write([UInt8](repeating: 0x62, count: 2))
        let written = try file.finish(suffix: ".bin")
        #expect(written.sha256 == Hexadecimal.sha256("abb".utf8))
        #expect(try folder.names == [written.sha256 + ".bin"] && written.bytes == 3)
        #expect(try OpenFile.sha256(written.path) == written.sha256)
    }

    @Test func `writers at once do not disturb each other`() throws {
        let place = path("a")
        let sound = Threads.map(count: 64, threads: 8) { range in
            range.allSatisfy { number in
                (try? WholeFile.write([UInt8](repeating: UInt8(number), count: 999), to: place))
                    != nil
            }
        }
        #expect(sound.allSatisfy { $0 })
        let bytes = try Data(contentsOf: URL(fileURLWithPath: place))
        #expect(bytes.count == 999 && Set(bytes).count == 1)
        #expect(try folder.names == ["a"])
    }

    @Test func `reading beyond the end is an error`() throws {
        try WholeFile.write([1, 2, 3, 4, 5], to: path("a"))
        let file = try OpenFile(reading: path("a"))
        #expect(try file.read(2, UInt16.self, at: 1) == [0x0302, 0x0504])
        #expect(throws: FileError("reading", path("a"), .ended)) { try file.read(6, at: 0) }
        #expect(throws: FileError("opening", folder.path, .isFolder)) {
            try OpenFile(reading: folder.path)
        }
        #expect(throws: FileError("opening", "/dev/null", .notRegular)) {
            try OpenFile(reading: "/dev/null")
        }
    }

    @Test func `a nameless file keeps what is written until it is closed`() throws {
        let file = try OpenFile(namelessIn: folder.path)
        #expect(try folder.names.isEmpty)
        try file.write([UInt64(7), 8], at: 8)
        #expect(try file.read(3, UInt64.self, at: 0) == [0, 7, 8])
    }

    @Test func `a mapped file that is shortened gives zeros and is marked`() throws {
        let bytes = [UInt8](repeating: 9, count: 1 << 16)
        try WholeFile.write(bytes, to: path("a"))
        let file = try MappedFile(path("a"))
        #expect(file.isWhole && file.isUnchanged && file.bytes.elementsEqual(bytes))
        file.release(100..<5000)
        #expect(file.bytes[4000] == 9)
        #expect(truncate(path("a"), 4096) == 0)
        #expect(file.bytes[1 << 15] == 0)
        #expect(!file.isWhole && !file.isUnchanged)
    }

    @Test func `an empty file is mapped`() throws {
        try WholeFile.write([], to: path("a"))
        let file = try MappedFile(path("a"))
        #expect(file.bytes.isEmpty && file.isWhole)
        file.release(0..<0)
    }

    @Test func `a lock is held once and tells its holder`() throws {
        guard case .taken(let lock) = try FileLock.take(path("lock")) else {
            Issue.record("nobody else has it")
            return
        }
        #expect(lock.isInPlace)
        #expect(try FileLock.holder(of: path("lock")) == "\(getpid())")
        guard case .held(let holder) = try FileLock.take(path("lock")) else {
            Issue.record("it is held")
            return
        }
        #expect(holder == "\(getpid())")
        lock.release()
        #expect(try FileLock.holder(of: path("lock")) == nil)
        unlink(path("lock"))
        #expect(!lock.isInPlace)
        #expect(try FileLock.holder(of: path("lock")) == nil)
    }

    @Test(
        arguments: [
            ("a", "."), ("a/b", "a"), ("/a", "/"), ("/a/b", "/a"), ("a/b/", "a"), ("/", "/"),
        ])
    func `the folder of a path`(path: String, folder: String) {
        #expect(FileNames.folder(of: path) == folder)
    }
}
