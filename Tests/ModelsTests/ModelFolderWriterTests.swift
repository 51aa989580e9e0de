import Foundation
import Tensors
import TestSupport
import Testing

@testable import Models

@Suite("Writing a model's folder")
struct ModelFolderWriterTests {
    @Test
    func `files get the folders that their names lead through`() throws {
        let folder = try TemporaryFolder()
        let writer = ModelFolderWriter(folder: folder.path + "/model")
        try writer.write(Data("a".utf8), as: "config.json")
        try writer.write(Data("b".utf8), as: "1_Pooling/config.json")
        try writer.copy(folder.path + "/model/config.json", as: "0_Transformer/config.json")
        try writer.copy(folder.path + "/nowhere", as: "2_Normalize/config.json")
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path + "/model")
        #expect(
            names.sorted() == [
                "0_Transformer", "0_Transformer/config.json", "1_Pooling", "1_Pooling/config.json",
                "config.json",
            ])
    }

    @Test
    func `settings are written in order and their slashes as they are`() throws {
        let text = try ModelFolderWriter.text(["b": "x/y", "a": 1])
        #expect(String(decoding: text, as: UTF8.self).contains(#""b" : "x/y""#))
        let folder = try TemporaryFolder()
        try folder.write("config.json", text)
        let settings = try ModelFolderWriter.settings(folder.path + "/config.json")
        #expect(settings["a"] as? Int == 1 && settings["b"] as? String == "x/y")
        try folder.write("config.json", "[]")
        #expect(throws: ModelError.self) {
            try ModelFolderWriter.settings(folder.path + "/config.json")
        }
    }

    @Test
    func `a file whose writing fails stays as it was, and nothing lies beside it`() throws {
        let folder = try TemporaryFolder()
        try folder.write("file", "old")
        let path = folder.path + "/file"
        let stop = ModelError.unwritableFile(path: path, reason: "enough")
        let error = failure { () throws(ModelError) in
            let entry = SafetensorsWriter.Entry(name: "a", shape: [9], type: .float32)
            try SafetensorsWriter.write([entry], to: path) { _, put throws(ModelError) in
                try [Float](repeating: 1, count: 9).withUnsafeBufferPointer {
                    values throws(ModelError) in
                    try put(UnsafeRawBufferPointer(values))
                }
                throw stop
            }
        }
        #expect(error == stop)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"])
    }
}
