import Formats
import Foundation
import TestSupport
import Testing

@testable import Sheaf

struct OutputSinkTests {
    @Test func `a file appears under its name when it is finished`() throws {
        try withFolder { folder in
            let path = folder + "/out.txt"
            let sink = try OutputSink(path: path)
            try sink.write("one\n")
            #expect(!FileManager.default.fileExists(atPath: path))
            try sink.write("two\n")
            try sink.finish()
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "one\ntwo\n")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out.txt"])
        }
    }

    @Test func `a file that is not finished leaves what was there`() throws {
        try withFolder { folder in
            let path = folder + "/out.txt"
            try "before".write(toFile: path, atomically: true, encoding: .utf8)
            do {
                let sink = try OutputSink(path: path)
                try sink.write(String(repeating: "x", count: 200_000))
            }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "before")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out.txt"])
        }
    }

    @Test func `bytes already written can be replaced`() throws {
        try withFolder { folder in
            let path = folder + "/out.txt"
            let sink = try OutputSink(path: path)
            try sink.write("0000 tail")
            try sink.rewrite(Array("1234".utf8), at: 0)
            try sink.write("!")
            try sink.finish()
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "1234 tail!")
        }
    }

    @Test func `what is no regular file is written to as it is`() throws {
        try withFolder { folder in
            let pipe = folder + "/pipe"
            #expect(mkfifo(pipe, 0o600) == 0)
            let reader = try #require(FileHandle(forUpdatingAtPath: pipe))
            let sink = try OutputSink(path: pipe)
            try sink.write("one\n")
            try sink.finish()
            #expect(try reader.read(upToCount: 4) == Data("one\n".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["pipe"])
            #expect(throws: SheafError.cannotWrite(path: folder, reason: "it is a folder")) {
                try OutputSink(path: folder)
            }
        }
    }

    @Test func `a folder that is not there is an error with its path`() {
        #expect(throws: SheafError.self) { try OutputSink(path: "/nowhere/at/all.txt") }
    }
}

struct NumpyFileTests {
    @Test(arguments: [(0, 1), (3, 384), (21_015_324, 768)])
    func `the header has a fixed length and says shape and type`(rows: Int, dimension: Int) {
        let header = NumpyHeader.bytes(rows: rows, dimension: dimension)
        #expect(header.count == NumpyHeader.length)
        #expect(Array(header.prefix(8)) == [0x93] + Array("NUMPY".utf8) + [1, 0])
        #expect(Int(header[8]) + Int(header[9]) << 8 == NumpyHeader.length - 10)
        let text = String(decoding: header.dropFirst(10), as: UTF8.self)
        #expect(text.hasPrefix("{'descr': '<f4', 'fortran_order': False, "))
        #expect(text.contains("'shape': (\(rows), \(dimension)), }"))
        #expect(text.hasSuffix(" \n"))
    }

    @Test func `rows follow the header as little-endian floats`() throws {
        try withFolder { folder in
            let path = folder + "/v.npy"
            var file = try NumpyFile(OutputSink(path: path), dimension: 2)
            try file.append([1, -2])
            try file.append([0.5, 3, 4, 5])
            try file.finish()
            let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
            #expect(Array(bytes.prefix(128)) == NumpyHeader.bytes(rows: 3, dimension: 2))
            #expect(floats(in: bytes) == [1, -2, 0.5, 3, 4, 5])
        }
    }
}

/// The values of a NumPy file of float32.
func floats(in bytes: [UInt8]) -> [Float] {
    stride(from: NumpyHeader.length, to: bytes.count, by: 4).map { start in
        Float(
            bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << (8 * $1) })
    }
}

/// Runs `body` with a folder of its own, which is removed afterwards.
func withFolder<Value>(_ body: (String) throws -> Value) throws -> Value {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    return try body(folder.path)
}

/// Runs `body` with a folder of its own, which is removed afterwards.
func withFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    return try await body(folder.path)
}
