import ClusterCore
import Foundation
import TestSupport
import Testing

@testable import ClusterRuntime

extension Envelope {
    /// An envelope of a type with random content and up to three raw frames.
    init(_ type: MessageType, from random: inout Dice) {
        self.init(
            clusterID: random(), sender: random(), incarnation: random(), epoch: random(),
            requestID: random(), attempt: random(), budgetMicroseconds: random(),
            traceParent: random(), credit: random(), message: Message(type, from: &random),
            frames: (0..<random.below(4)).map { _ in
                let size = random.below(40)
                return random.bytes(size)
            })
    }
}

@Suite struct WireTests {
    @Test(arguments: MessageType.allCases)
    func `every message comes back as it was`(type: MessageType) throws {
        var random = Dice(seed: UInt64(type.rawValue))
        for _ in 0..<50 {
            let envelope = Envelope(type, from: &random)
            let frames = try Wire.encode(envelope, limits: .query)
            #expect(try Wire.decode(frames, limits: .query) == envelope)
        }
    }

    @Test(arguments: MessageType.allCases)
    func `a message of defaults has an empty payload`(type: MessageType) throws {
        let message = try Message.unpacked(type, [])
        #expect(try message.packed().isEmpty)
        #expect(message.type == type)
    }

    /// Written by Google's compiler: `protoc --encode=sheaf.v1.Header`.
    @Test func `the header has the bytes that another implementation writes`() throws {
        let header = Header(
            clusterID: "c1", sender: "worker-1", incarnation: 0x0123_4567_89ab_cdef, epoch: 7,
            type: MessageType.search.rawValue, requestID: 300, attempt: 2,
            budgetMicroseconds: 1_500_000,
            traceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            lengths: [12, 3072], checksum: 0xe306_9283, credit: 1_048_576)
        let golden =
            "0d3146485310011a0263312208776f726b65722d3129efcdab89674523013007383040ac02480250e0c6"
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
            #expect(Wire.checksum(of: [bytes]) == Wire.portableChecksum(of: bytes))
        }
    }

    @Test func `messages and fields are those of the proto files`() throws {
        let proto = try ProtoFiles()
        let types = try #require(proto.enumerations["MessageType"])
        #expect(types.filter { $0 != 0 } == MessageType.allCases.map { Int($0.rawValue) })
        #expect(proto.enumerations["Role"] == Role.allCases.map { Int($0.rawValue) })
        #expect(proto.enumerations["FailureCode"] == FailureCode.allCases.map { Int($0.rawValue) })
        #expect(proto.enumerations["IndexState"] == IndexState.allCases.map { Int($0.rawValue) })

        var random = Dice(seed: 2)
        for type in MessageType.allCases {
            let message = Message(type, from: &random)
            let body = try #require(Mirror(reflecting: message).children.first).value
            expectFields(of: body, in: proto)
        }
        let parts: [Any] = [
            EncoderSpec(), EncoderSettings(), IndexSettings(), ShardSpec(), SegmentRef(),
            ShardCoverage(), Coverage(), Timings(),
            WorkerStatus(), ShardStatus(), CollectionStatus(), TrainerFact(), RingAddress(),
        ]
        for part in parts { expectFields(of: part, in: proto) }
        // The two headers are the messages without a public struct of their own.
        #expect(proto.messages.count == MessageType.allCases.count + parts.count + 2)
    }

    private func expectFields(of body: Any, in proto: ProtoFiles) {
        let labels = Mirror(reflecting: body).children.compactMap(\.label)
        #expect(proto.messages["\(type(of: body))"] == labels.map(ProtoFiles.plain), "\(body)")
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

/// The messages and enumerations of `proto/`, read as text.
private struct ProtoFiles {
    /// Field names of each message, in order, without underscores and in lower case.
    var messages: [String: [String]] = [:]
    /// Values of each enumeration, in order.
    var enumerations: [String: [Int]] = [:]

    init() throws {
        for name in ["wire", "cluster", "client", "training"] {
            let path = TestFiles.repository + "/proto/sheaf/v1/\(name).proto"
            read(try String(contentsOfFile: path, encoding: .utf8))
        }
    }

    /// A name as both sides have it: `cluster_id` and `clusterID` are one.
    static func plain(_ name: String) -> String {
        name.filter { $0 != "_" }.lowercased()
    }

    private mutating func read(_ text: String) {
        let code = text.replacing(/\/\/[^\n]*/, with: "")
        for match in code.matches(of: /message (\w+) \{([^}]*)\}/) {
            messages[String(match.1)] = match.2.matches(of: /(\w+) = \d+;/).map {
                Self.plain(String($0.1))
            }
        }
        for match in code.matches(of: /enum (\w+) \{([^}]*)\}/) {
            enumerations[String(match.1)] = match.2.matches(of: /= (\d+);/).compactMap {
                Int($0.1)
            }
        }
    }
}
