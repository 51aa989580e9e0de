import Formats
import Testing

struct JSONReadingTests {
    private static let sources: [JSONSource] = [.data, .model, .own]

    private func read(_ text: String, _ source: JSONSource = .model) throws -> JSONValue {
        try JSONValue(Array(text.utf8), source)
    }

    private func error(_ text: String, _ source: JSONSource) -> JSONError? {
        do throws(JSONError) {
            _ = try JSONValue(Array(text.utf8), source)
            return nil
        } catch {
            return error
        }
    }

    @Test func `values are read as they are written`() throws {
        let text =
            #" {"a" : [1, -0.5e+3, 1E2, "x\u00e9\ud83d\ude00\/"], "b":{}, "c":[true,false,null]} "#
        let value: JSONValue = [
            "a": .array([.number("1"), .number("-0.5e+3"), .number("1E2"), .string("xé😀/")]),
            "b": [:], "c": .array([.bool(true), .bool(false), .null]),
        ]
        for source in Self.sources { #expect(try read(text, source) == value) }
    }

    @Test(
        arguments: [
            ("", 0), ("+1", 0), ("01", 0), ("-01", 0), ("1.", 0), (".5", 0), ("1e", 0), ("0x1", 0),
            ("NaN", 0), ("Infinity", 0), ("nul", 0), ("True", 0), ("[1,]", 3), ("[1 2]", 3),
            ("{\"a\":1,}", 7), ("{a:1}", 1), ("{\"a\" 1}", 5), ("\"a", 0), ("\"\\x\"", 1),
            ("\"\\u12\"", 5), ("\"\\ud800\"", 1), ("\"\\udc00\"", 1), ("1 1", 2), ("// 1", 0),
            ("'a'", 0), ("\"\t\"", 1),
        ])
    func `what is not JSON is refused with its place`(text: String, offset: Int) {
        for source in Self.sources {
            #expect(error(text, source)?.offset == offset, "\(text)")
        }
    }

    @Test func `a name that stands twice is refused, or the last counts`() throws {
        let text = #"{"a": 1, "b": {}, "a": 2}"#
        #expect(try read(text, .data)["a"] == .number("2"))
        for source in [JSONSource.model, .own] {
            #expect(error(text, source)?.reason == #"the key "a" occurs twice"#)
        }
        // Equal to Unicode, but not one name.
        #expect(try read("{\"\u{E9}\":1,\"e\u{301}\":2}", .model)["x"] == nil)
    }

    @Test func `texts of the field hold no character of the number 0`() throws {
        #expect(error(#""a\u0000""#, .data) == JSONError(2, .nul))
        #expect(error("\"a\u{0}\"", .data) == JSONError(2, .nul))
        #expect(try read(#""a\u0000""#, .model) == .string("a\u{0}"))
        #expect(error("\"a\u{0}\"", .model)?.offset == 2)
    }

    @Test func `a number beyond floats is no size of a model`() throws {
        #expect(try read("1e999", .data) == .number("1e999"))
        #expect(error("[1e999]", .model)?.offset == 1)
    }

    @Test func `strings are UTF-8`() {
        for bytes: [UInt8] in [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80]] {
            for escape in [[], Array("\\n".utf8)] {
                let text = [UInt8(ascii: "\"")] + bytes + escape + [UInt8(ascii: "\"")]
                #expect(throws: JSONError(1, .notUTF8)) { try JSONValue(text, .model) }
            }
        }
    }

    @Test func `nesting is bounded, whatever its kind`() {
        for opening in ["[", "{\"a\":"] {
            let deep = String(repeating: opening, count: 100_000)
            for source in Self.sources {
                #expect(error(deep, source)?.reason == "nested deeper than 64")
            }
        }
        let fits = String(repeating: "[", count: 63) + String(repeating: "]", count: 63)
        #expect(error("[" + fits + "]", .own) == nil)
    }

    @Test func `every prefix of a good text is refused`() throws {
        let text = Array(#"{"a":[1.5e-3,"x\u00e9",null],"b":{"c":true}}"#.utf8)
        for length in text.indices {
            #expect(throws: JSONError.self) { try JSONValue(Array(text[..<length]), .own) }
        }
        #expect(try JSONValue(text, .own)["b"]?["c"] == .bool(true))
    }

    @Test func `members are found by the bytes of their names`() throws {
        // The sign of kelvin is K by Unicode's rules; letters may be composed or not.
        let value = try read("{\"\u{212A}\": 1, \"e\u{301}\": 2, \"\u{E9}\": 3}")
        #expect(value["K"] == nil && value["\u{212A}"] == .number("1"))
        #expect(value["e\u{301}"] == .number("2") && value["\u{E9}"] == .number("3"))
        // Thousands of marks on one letter take no longer than other names: comparing such by
        // Unicode's rules takes a hundredth of a second each time.
        let long = "a" + String(repeating: "\u{301}\u{316}", count: 4_000)
        let members = (0..<20).map { "\"\(long)\($0)\": \($0)" }.joined(separator: ",")
        let found = try read("{\(members)}", .data)
        for _ in 0..<200 { #expect(found["none"] == nil) }
        #expect(found[long + "7"] == .number("7"))
    }
}
