import Formats
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Models

@Suite("safetensors")
struct SafetensorsTests {
    /// Well-formed files whose content a model must refuse: the loader's part, tested with models.
    static let wellFormed = ["st_nan", "st_inf", "st_missing_tensor", "st_wrong_shape"]

    @Test(
        arguments: Goldens.files("formats/bad", suffix: ".safetensors").filter { file in
            !wellFormed.contains { file.hasPrefix($0) }
        })
    func `broken files are refused with path and reason`(file: String) {
        let path = Goldens.path("formats/bad/\(file)")
        guard let error = failure({ () throws(ModelError) in try Checkpoint.openSafetensors(path) })
        else {
            Issue.record("\(file) was accepted")
            return
        }
        guard case .malformedFile(path, _, _) = error else {
            Issue.record("\(file): \(error)")
            return
        }
        #expect(error.description.hasSuffix("Download or export the file again."))
    }

    /// Headers by what is wrong with them; sixteen bytes of data follow each.
    static let headers: [(String, String)] = [
        ("no object", "[]"), ("nothing", ""), ("a trailing comma", "{\"a\":1,}"),
        ("text after the object", "{} {}"), ("a null", "null"),
        (
            "an unknown key",
            #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"x":1}}"#
        ),
        (
            "a key twice",
            #"{"a":{"dtype":"F32","dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#
        ),
        ("three offsets", #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,8,16]}}"#),
        ("one offset", #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[16]}}"#),
        ("a signed size", #"{"a":{"dtype":"F32","shape":[+4],"data_offsets":[0,16]}}"#),
        ("a size with exponent", #"{"a":{"dtype":"F32","shape":[4e0],"data_offsets":[0,16]}}"#),
        (
            "a size beyond 63 bits",
            #"{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,16]}}"#
        ),
        (
            "an overflow that wraps to the right size",
            #"{"a":{"dtype":"F32","shape":[4611686018427387905,4],"data_offsets":[0,16]}}"#
        ),
        (
            "forty dimensions",
            #"{"a":{"dtype":"F32","shape":["# + String(repeating: "1,", count: 40)
                + #"4],"data_offsets":[0,16]}}"#
        ),
        ("metadata of numbers", #"{"__metadata__":{"a":1}}"#),
        ("an open string", #"{"a"#), ("a bad escape", #"{"\q":1}"#),
        ("half a surrogate", #"{"\ud800":1}"#), ("a control character", "{\"a\u{1}\":1}"),
        ("a missing colon", #"{"a" {}}"#),
    ]

    @Test(arguments: headers)
    func `a header is refused for`(what: String, header: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("x.safetensors", safetensors(header: header, data: Data(count: 16)))
        let path = folder.path + "/x.safetensors"
        let error = failure { () throws(ModelError) in try Checkpoint.openSafetensors(path) }
        guard case .malformedFile = error else {
            Issue.record("\(what): \(String(describing: error))")
            return
        }
    }

    @Test
    func `JSON nested a hundred thousand deep is refused without deep recursion`() throws {
        let folder = try TemporaryFolder()
        let deep = String(repeating: "{\"a\":", count: 100_000)
        let path = folder.path + "/x"
        try folder.write("x", safetensors(header: deep, data: Data()))
        let header = failure { () throws(ModelError) in try Checkpoint.openSafetensors(path) }
        #expect(header != nil)
        try folder.write("x", String(repeating: "[", count: 100_000))
        let json = failure { () throws(ModelError) in try JSONFile(path, purpose: "a test") }
        guard case .malformedFile(path, let offset, _) = json else {
            Issue.record("\(String(describing: json))")
            return
        }
        #expect(offset == JSONText.maximumDepth)
    }

    @Test
    func `every prefix of a good file is refused`() throws {
        let folder = try TemporaryFolder()
        let file = safetensors([("a", [2], [1, 2]), ("b", [], [3])])
        let path = folder.path + "/x"
        for length in 0..<file.count {
            try folder.write("x", file.prefix(length))
            let error = failure { () throws(ModelError) in try Checkpoint.openSafetensors(path) }
            #expect(error != nil, "\(length) bytes")
        }
        try folder.write("x", file)
        let checkpoint = try Checkpoint.openSafetensors(path)
        #expect(try checkpoint.floats("a", shape: [2]).array == [1, 2])
        #expect(try checkpoint.floats("b", shape: []).array == [3])
    }

    @Test
    func `tensors at odd addresses and empty tensors are read`() throws {
        let folder = try TemporaryFolder()
        let header =
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
            + #""b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]},"#
            + #""c":{"dtype":"F32","shape":[0,7],"data_offsets":[5,5]}}"#
        var data = Data([9])
        withUnsafeBytes(of: Float(2.5)) { data.append(contentsOf: $0) }
        try folder.write("x", safetensors(header: header, data: data))
        let checkpoint = try Checkpoint.openSafetensors(folder.path + "/x")
        #expect(try checkpoint.floats("b", shape: [1]).array == [2.5])
        #expect(try checkpoint.floats("c", shape: [0, 7]).array == [])
        let error = failure { () throws(ModelError) in try checkpoint.floats("a", shape: [1]) }
        #expect(
            error
                == .wrongElementType(path: folder.path + "/x", name: "a", found: "U8"))
    }

    @Test
    func `a file that is a folder or missing is named`() throws {
        let folder = try TemporaryFolder()
        let missing = failure { () throws(ModelError) in
            try Checkpoint.openSafetensors(folder.path + "/none")
        }
        #expect(
            missing
                == .missingFile(path: folder.path + "/none", purpose: "the model's weights"))
        let isFolder = failure { () throws(ModelError) in
            try Checkpoint.openSafetensors(folder.path)
        }
        guard case .unreadableFile = isFolder else {
            Issue.record("\(String(describing: isFolder))")
            return
        }
    }
}
