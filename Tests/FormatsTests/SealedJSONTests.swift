import Formats
import Foundation
import TestSupport
import Testing

struct SealedJSONTests {
    @Test func `a sealed object is whole, and reads as it did`() throws {
        let sealed = SealedJSON.seal(Array("{\n  \"step\" : 7\n}\n".utf8))
        #expect(SealedJSON.check(sealed) == .whole)
        let step = try JSONDecoder().decode([String: JSONNumber].self, from: Data(sealed))["step"]
        #expect(step?.value == 7)
        #expect(SealedJSON.check(Array("{\"step\":7}".utf8)) == .none)
        #expect(SealedJSON.check([]) == .none)
    }

    @Test func `no flip of a bit and no cut leaves a seal whole`() {
        let sealed = SealedJSON.seal(Array("{\"name\":\"c\",\"step\":7}".utf8))
        for index in sealed.indices {
            for bit in 0..<8 {
                var other = sealed
                other[index] ^= 1 << bit
                #expect(SealedJSON.check(other) != .whole, "byte \(index), bit \(bit)")
            }
            #expect(SealedJSON.check(Array(sealed[..<index])) != .whole)
        }
    }
}

/// A number, or whatever else stands there.
private struct JSONNumber: Decodable {
    var value: Int?

    init(from decoder: any Decoder) throws {
        value = try? decoder.singleValueContainer().decode(Int.self)
    }
}
