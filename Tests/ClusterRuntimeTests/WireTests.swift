import CKernels
import ClusterCore
import Foundation
import TestSupport
import Testing
import WireFuzz

@testable import ClusterRuntime

@Suite struct WireTests {
    /// The bytes that the schema alone makes, in the order of field numbers: a field that the
    /// bridge forgets or swaps would be missing or elsewhere.
    @Test(arguments: MessageType.allCases)
    func `every message is read and written as another implementation does`(
        type: MessageType
    ) throws {
        var random = try MessageDice(seed: UInt64(type.rawValue))
        for _ in 0..<50 {
            let frames = random.frames(type)
            let envelope = try Wire.decode(frames, limits: .query)
            #expect(envelope.message.type == type)
            #expect(try Wire.encode(envelope, limits: .query) == frames)
        }
    }

    @Test(arguments: MessageType.allCases)
    func `a message of defaults has an empty payload`(type: MessageType) throws {
        let fields = try #require(try ProtoSchema.ours.get().messages[type.protoName])
        let names: [ProtoSchema.Kind] = [.processName, .collectionName, .sha256]
        guard !fields.contains(where: { names.contains($0.kind) && !$0.canBeEmpty && !$0.isList })
        else {
            // What must be named is not.
            #expect { try Message.unpacked(type, []) } throws: {
                ($0 as? WireError)?.kind == .notAName
            }
            return
        }
        let message = try Message.unpacked(type, [])
        #expect(try message.packed().isEmpty)
        #expect(message.type == type)
    }

    /// Written by Google's compiler: `protoc --encode=sheaf.v1.Header`.
    @Test func `the header has the bytes that another implementation writes`() throws {
        let header = Header(
            magic: Wire.magic, version: Wire.version, clusterID: "c1", sender: "worker-1",
            incarnation: 0x0123_4567_89ab_cdef, epoch: 7,
            type: MessageType.search.rawValue, requestID: 300, attempt: 2,
            budgetMicroseconds: 1_500_000,
            traceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            bodyLengths: [12, 3072], bodyChecksum: 0xe306_9283, credit: 1_048_576)
        let golden =
            "0d3146485310021a0263312208776f726b65722d3129efcdab89674523013007383040ac02480250e0c6"
            + "5b5a3730302d34626639326633353737623334646136613363653932396430653065343733362d3030"
            + "66303637616130626139303262372d303162030c80186d839206e370808040"
        let bytes = try pack(header)
        #expect(bytes.map { String(format: "%02x", $0) }.joined() == golden)
        #expect(try unpack(bytes) == header)
    }

    @Test func `the checksum is CRC32C, with and without the instruction`() {
        // RFC 3720, appendix B.4, and the usual check value.
        #expect(Wire.checksum(of: [Array("123456789".utf8)]) == 0xe306_9283)
        #expect(Wire.checksum(of: [[UInt8](repeating: 0, count: 32)]) == 0x8a91_36aa)
        #expect(Wire.checksum(of: [[UInt8](repeating: 0xff, count: 32)]) == 0x62a8_ab43)
        #expect(Wire.checksum(of: [Array("1234".utf8), [], Array("56789".utf8)]) == 0xe306_9283)
        var random = Dice(seed: 1)
        for length in 0..<70 {
            let bytes = random.bytes(length)
            let portable = bytes.withUnsafeBytes {
                sheaf_crc32c_portable(0, $0.baseAddress, $0.count)
            }
            #expect(Wire.checksum(of: [bytes]) == portable)
        }
    }

    @Test func `messages and fields are those of the proto files`() throws {
        let proto = try ProtoSchema.ours.get()
        let values = proto.enumerations.mapValues { $0.map(\.value) }
        #expect(proto.types.map(\.value) == MessageType.allCases.map { Int($0.rawValue) })
        #expect(proto.types.map(\.message) == MessageType.allCases.map(\.protoName))
        #expect(values["Role"] == Role.allCases.map { Int($0.rawValue) })
        #expect(values["FailureCode"] == FailureCode.allCases.map { Int($0.rawValue) })
        #expect(values["IndexState"] == IndexState.allCases.map { Int($0.rawValue) })
        #expect(values.count == 3)
        for body in EveryMessage.empty.values { expectFields(of: body, in: proto) }
        #expect(Set(EveryMessage.empty.keys) == Set(proto.messages.keys).subtracting(["Message"]))
    }

    /// Those too that travel within others, and the headers.
    @Test(arguments: EveryMessage.empty.keys.sorted())
    func `every message alone is written as another implementation does`(name: String) throws {
        var random = try MessageDice(seed: 4)
        for _ in 0..<50 {
            let payload = random.payload(name, .within)
            #expect(try EveryMessage.rewritten(payload, as: name) == payload)
        }
    }

    private func expectFields(of body: Any, in proto: ProtoSchema) {
        // A name as both sides have it: `cluster_id` and `clusterID` are one.
        func plain(_ name: String) -> String { name.filter { $0 != "_" }.lowercased() }
        let labels = Mirror(reflecting: body).children.compactMap(\.label)
        let fields = proto.messages["\(type(of: body))"]?.map(\.name)
        #expect(fields?.map(plain) == labels.map(plain), "\(body)")
    }

    @Test func `numbers come back from raw frames bit for bit`() throws {
        var random = Dice(seed: 3)
        let floats = (0..<37).map { _ in Float(bitPattern: random()) } + [-0.0, .nan, .infinity]
        let doubles = (0..<37).map { _ in Double(bitPattern: random.next()) }
        let ordinals: [UInt64] = (0..<37).map { _ in random() } + [.max]
        let counts: [UInt32] = (0..<37).map { _ in random() } + [.max]
        let floatsBack: [Float] = try RawFrame.values(RawFrame.bytes(floats), count: floats.count)
        #expect(floatsBack.map(\.bitPattern) == floats.map(\.bitPattern))
        let doublesBack: [Double] = try RawFrame.allValues(RawFrame.bytes(doubles))
        #expect(doublesBack.map(\.bitPattern) == doubles.map(\.bitPattern))
        #expect(try RawFrame.values(RawFrame.bytes(ordinals), count: 38) == ordinals)
        #expect(try RawFrame.allValues(RawFrame.bytes(counts)) == counts)
        #expect(RawFrame.bytes([UInt32(0x0403_0201)]) == [1, 2, 3, 4])
        #expect(try RawFrame.allValues([], of: Float.self).isEmpty)
    }

    @Test func `a raw frame of another length is refused`() {
        #expect(throws: WireError.elements(expectedBytes: 16, found: 12)) {
            try RawFrame.values([UInt8](repeating: 0, count: 12), of: Float.self, count: 4)
        }
        #expect(throws: WireError.elements(expectedBytes: 8, found: 9)) {
            try RawFrame.allValues([UInt8](repeating: 0, count: 9), of: UInt64.self)
        }
        #expect(throws: WireError.elements(expectedBytes: .max, found: 0)) {
            try RawFrame.values([], of: UInt64.self, count: .max)
        }
        #expect(throws: WireError.elements(expectedBytes: -8, found: 0)) {
            try RawFrame.values([], of: UInt64.self, count: -1)
        }
    }
}
