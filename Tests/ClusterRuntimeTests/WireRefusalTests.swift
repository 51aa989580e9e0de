import ClusterCore
import Testing

@testable import ClusterRuntime

@Suite struct WireRefusalTests {
    private let envelope = Envelope(
        clusterID: "c", sender: "w", incarnation: 1, message: .credit(Credit(bytes: 5)),
        frames: [[1, 2, 3]])

    /// The frames of the envelope under a header with something changed.
    private func frames(_ change: (inout Header) -> Void) throws -> [[UInt8]] {
        let frames = try Wire.encode(envelope, limits: .control)
        var header: Header = try unpack(frames[0])
        change(&header)
        return [try pack(header)] + frames.dropFirst()
    }

    private func refusal(_ frames: [[UInt8]], limits: WireLimits = .control) -> WireError? {
        do throws(WireError) {
            _ = try Wire.decode(frames, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test func `too few or too many frames are refused`() throws {
        #expect(refusal([]) == .missingFrames(found: 0))
        #expect(refusal([[1]]) == .missingFrames(found: 1))
        let many = [[UInt8]](repeating: [], count: 17)
        #expect(refusal(many) == .tooManyFrames(found: 17, limit: 16))
    }

    @Test func `sizes are refused before anything is unpacked`() {
        let header = [UInt8](repeating: 0xff, count: 1025)
        #expect(refusal([header, []]) == .headerTooLarge(bytes: 1025, limit: 1024))
        let payload = [UInt8](repeating: 0xff, count: (1 << 20) + 1)
        #expect(
            refusal([[], payload], limits: .query)
                == .payloadTooLarge(bytes: (1 << 20) + 1, limit: 1 << 20))
        let frame = [UInt8](repeating: 0, count: 1 << 20)
        #expect(
            refusal([[], [], frame, frame])
                == .messageTooLarge(bytes: 2 << 20, limit: WireLimits.control.message))
    }

    @Test func `what is too large is not sent either`() {
        let large = Envelope(
            message: .done(Done(note: String(repeating: "x", count: 1 << 20))))
        #expect(throws: WireError.payloadTooLarge(bytes: (1 << 20) + 4, limit: 1 << 20)) {
            try Wire.encode(large, limits: .query)
        }
        var few = WireLimits.query
        few.header = 20
        let named = Envelope(sender: "worker-with-a-name", message: .done(Done()))
        #expect {
            try Wire.encode(named, limits: few)
        } throws: { ($0 as? WireError)?.kind == .headerTooLarge }
    }

    @Test func `another protocol is named by its magic`() throws {
        #expect(refusal(try frames { $0.magic = 0x1234 }) == .wrongMagic(found: 0x1234))
        #expect(refusal([[], []]) == .wrongMagic(found: 0))
    }

    @Test func `another version is named`() throws {
        for version in [0, Wire.version - 1, Wire.version + 1] {
            let refusal = refusal(try frames { $0.version = version })
            #expect(
                refusal
                    == .otherVersion(
                        found: version, accepted: Wire.acceptedVersions, release: ""))
            #expect(refusal?.description.contains("version \(version) of") == true)
        }
    }

    @Test(arguments: [0, 9, 1000, UInt32(Int32.max), .max])
    func `a type that does not exist is refused`(type: UInt32) throws {
        #expect(refusal(try frames { $0.type = type }) == .unknownType(type))
    }

    @Test func `announced lengths must be those of the frames`() throws {
        #expect(
            refusal(try frames { $0.bodyLengths.removeLast() })
                == .frameCount(announced: 1, found: 2))
        #expect(refusal(try frames { $0.bodyLengths = [] }) == .frameCount(announced: 0, found: 2))
        #expect(
            refusal(try frames { $0.bodyLengths[1] = .max })
                == .frameLength(frame: 1, announced: .max, found: 3))
    }

    @Test func `a changed body is refused by its checksum`() throws {
        let frames = try Wire.encode(envelope, limits: .control)
        for frame in 1..<frames.count {
            for byte in frames[frame].indices {
                var changed = frames
                changed[frame][byte] ^= 0x10
                #expect(refusal(changed)?.kind == .checksum)
            }
        }
    }

    @Test func `swapped frames are refused by their checksum`() throws {
        var two = envelope
        two.frames = [[1, 2], [3, 4]]
        var frames = try Wire.encode(two, limits: .control)
        frames.swapAt(2, 3)
        #expect(refusal(frames)?.kind == .checksum)
    }

    @Test func `bytes that are no protocol buffer are refused`() {
        #expect(refusal([[0xff, 0xff], []]) == .malformed(part: "Header"))
        #expect(throws: WireError.malformed(part: "Hello")) {
            try Message.unpacked(.hello, [0x12, 0x7f, 0x41])
        }
    }

    @Test func `text that is not UTF-8 is refused`() {
        // Field 3 of Hello, one byte long.
        #expect(throws: WireError.invalidText(field: "Hello.host")) {
            try Message.unpacked(.hello, [0x1a, 0x01, 0xff])
        }
        // A surrogate, encoded as if it were a character.
        #expect(throws: WireError.invalidText(field: "QueryRequest.questions")) {
            try Message.unpacked(
                .queryRequest, [0x0a, 0x01, 0x63, 0x2a, 0x03, 0xed, 0xa0, 0x80])
        }
    }

    @Test func `a NUL byte in text is refused in both directions`() {
        #expect(throws: WireError.notCanonical(part: "Hello")) {
            try Message.unpacked(.hello, [0x12, 0x03, 0x61, 0x00, 0x62])
        }
        #expect(throws: WireError.nullInText(part: "Hello")) {
            try Message.hello(Hello(name: "a\0b")).packed()
        }
        #expect(throws: WireError.nullInText(part: "Header")) {
            try Wire.encode(Envelope(sender: "\0", message: .done(Done())), limits: .control)
        }
    }

    @Test func `a field that comes twice is refused`() {
        #expect(throws: WireError.notCanonical(part: "Credit")) {
            try Message.unpacked(.credit, [0x08, 0x01, 0x08, 0x02])
        }
    }

    @Test func `a field of a later release is passed over`() throws {
        // Field 15, a number, which Credit does not have.
        #expect(
            try Message.unpacked(.credit, [0x08, 0x01, 0x78, 0x07]) == .credit(Credit(bytes: 1)))
    }

    @Test func `a value that an enumeration does not have is refused`() {
        #expect(throws: WireError.unknownValue(field: "Hello.role", value: 9)) {
            try Message.unpacked(.hello, [0x08, 0x09])
        }
    }

    @Test func `each error ends with what to do`() {
        let errors: [WireError] = [
            .missingFrames(found: 1), .tooManyFrames(found: 17, limit: 16),
            .headerTooLarge(bytes: 2, limit: 1), .payloadTooLarge(bytes: 2, limit: 1),
            .messageTooLarge(bytes: 2, limit: 1), .malformed(part: "Hello"),
            .notCanonical(part: "Hello"), .wrongMagic(found: 1),
            .otherVersion(found: 2, accepted: 1...1, release: "3.1"), .unknownType(1),
            .unknownValue(field: "Hello.role", value: 1), .invalidText(field: "Hello.name"),
            .tooLarge(field: "Hello.threads", value: 5000, limit: 4096),
            .tooMany(field: "Search.shards", found: 5000, limit: 4096),
            .textTooLong(field: "Hello.host", bytes: 300, limit: 255),
            .notAName(field: "Hello.name", value: "../x", kind: .process),
            .nullInText(part: "Hello"), .frameCount(announced: 1, found: 2),
            .frameLength(frame: 1, announced: 1, found: 2), .checksum(announced: 1, found: 2),
            .elements(expectedBytes: 1, found: 2),
        ]
        #expect(Set(errors.map(\.kind)) == Set(WireError.Kind.allCases))
        #expect(Set(errors.map(\.description)).count == errors.count)
        #expect(errors.allSatisfy { $0.description.hasSuffix(".") })
    }
}
