import Formats
import Foundation
import TestSupport
import Testing

struct JSONWritingTests {
    @Test func `members keep their order`() {
        let document: JSONValue = ["b": .integer(1), "a": .bool(true), "c": .null]
        #expect(document.text == #"{"b":1,"a":true,"c":null}"#)
    }

    @Test func `a layout with blanks is that of Python`() {
        let value: JSONValue = ["a": .array([.integer(1), .real(0.5)]), "b": [:]]
        #expect(value.text(.spaced) == #"{"a": [1, 0.5], "b": {}}"#)
        #expect(value.text == #"{"a":[1,0.5],"b":{}}"#)
    }

    @Test func `what JSON reserves is escaped and all else stays`() {
        let document = JSONValue.string("\"\\/\n\r\t\u{1}\u{1F}é漢😀")
        #expect(document.text == "\"\\\"\\\\/\\n\\r\\t\\u0001\\u001fé漢😀\"")
    }

    @Test func `any text reads back the same`() throws {
        for seed in 0..<200 {
            var dice = Dice(seed: UInt64(seed))
            let text = String(
                String.UnicodeScalarView(
                    (0..<20).compactMap { _ in
                        Unicode.Scalar(UInt32.random(in: 0..<0x11000, using: &dice))
                    }
                ))
            let bytes = Data(JSONValue.array([.string(text)]).text.utf8)
            #expect(try JSONDecoder().decode([String].self, from: bytes) == [text])
        }
    }

    @Test func `any number reads back the same`() throws {
        for seed in 0..<500 {
            var dice = Dice(seed: UInt64(seed))
            let value = Double(bitPattern: dice.next())
            guard value.isFinite else { continue }
            let bytes = Data(JSONValue.array([.real(value)]).text.utf8)
            #expect(try JSONDecoder().decode([Double].self, from: bytes) == [value])
        }
    }
}
