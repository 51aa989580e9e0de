import ClusterCore
import TestSupport
import Testing
import WireFuzz

@testable import ClusterRuntime

/// What the comments of `proto/` let a field hold is what is let through, in both directions.
@Suite struct FieldLimitTests {
    private static let schema = ProtoSchema.ours

    @Test func `every number states what it may hold`() throws {
        for (message, fields) in try Self.schema.get().messages {
            for field in fields {
                #expect(field.statesLimit, "\(message).\(field.name)")
            }
        }
    }

    /// One field of a message with one value; whatever must be named is.
    private func payload(
        _ message: String, with field: ProtoSchema.Field, _ write: (inout ProtoWriter) -> Void
    ) throws -> [UInt8] {
        var writer = ProtoWriter()
        let fields = try #require(try Self.schema.get().messages[message])
        for other in fields.sorted(by: { $0.number < $1.number }) {
            if other == field {
                write(&writer)
            } else if !other.canBeEmpty, !other.isList, let name = other.goodName {
                writer.block(Array(name.utf8), at: other.number)
            }
        }
        return writer.bytes
    }

    private func refusal(_ message: String, _ payload: [UInt8]) -> WireError? {
        do throws(WireError) {
            #expect(try EveryMessage.rewritten(payload, as: message) != nil, "\(message)")
            return nil
        } catch {
            return error
        }
    }

    @Test func `a number is let through up to its limit`() throws {
        var checked = 0
        for (message, fields) in try Self.schema.get().messages {
            for field in fields {
                guard case .number(let most, let bits) = field.kind else { continue }
                let largest = bits == 32 ? UInt64(UInt32.max) : .max
                let name = "\(message).\(field.name)"
                func refusal(of value: UInt64) throws -> WireError? {
                    self.refusal(
                        message,
                        try payload(message, with: field) {
                            if field.isList {
                                $0.numbers([0, value], at: field.number)
                            } else {
                                $0.number(value, at: field.number)
                            }
                        })
                }
                #expect(try refusal(of: most) == nil, "\(name) of \(most)")
                guard most < largest else { continue }
                for value in [most + 1, largest] {
                    #expect(
                        try refusal(of: value)
                            == .tooLarge(field: name, value: value, limit: most))
                }
                checked += 1
            }
        }
        #expect(checked > 100)
    }

    @Test func `a list is let through up to its limit`() throws {
        var checked = 0
        for (message, fields) in try Self.schema.get().messages {
            for field in fields where field.isList {
                guard let most = field.mostElements else { continue }
                let name = "\(message).\(field.name)"
                let good = Array((field.goodName ?? "").utf8)
                func refusal(of count: Int) throws -> WireError? {
                    self.refusal(
                        message,
                        try payload(message, with: field) { writer in
                            if case .number = field.kind {
                                return writer.numbers(
                                    Array(repeating: 0, count: count), at: field.number)
                            }
                            for _ in 0..<count {
                                writer.block(good, at: field.number, evenIfEmpty: true)
                            }
                        })
                }
                #expect(
                    try refusal(of: most + 1)
                        == .tooMany(field: name, found: most + 1, limit: most))
                let atLimit = try refusal(of: most)
                // Elements that must be named and are not are refused for that.
                #expect(atLimit == nil || atLimit?.kind == .notAName, "\(name): \(most)")
                checked += 1
            }
        }
        #expect(checked > 10)
    }

    @Test func `a text names what its field names and is no longer than it may be`() throws {
        var checked = 0
        for (message, fields) in try Self.schema.get().messages {
            for field in fields {
                let name = "\(message).\(field.name)"
                func refusal(of text: String) throws -> WireError? {
                    self.refusal(
                        message,
                        try payload(message, with: field) {
                            $0.block(Array(text.utf8), at: field.number, evenIfEmpty: field.isList)
                        })
                }
                if case .text(let most?) = field.kind {
                    #expect(try refusal(of: String(repeating: "x", count: most)) == nil)
                    #expect(
                        try refusal(of: String(repeating: "x", count: most + 1))
                            == .textTooLong(field: name, bytes: most + 1, limit: most))
                    checked += 1
                }
                guard let good = field.goodName else { continue }
                #expect(try refusal(of: good) == nil, "\(name)")
                for bad in field.badNames {
                    #expect(try refusal(of: bad)?.kind == .notAName, "\(name) of \(bad)")
                }
                #expect((try refusal(of: "") == nil) == (field.canBeEmpty && !field.isList))
                checked += 1
            }
        }
        #expect(checked > 30)
    }

    @Test func `a field within another message is compared too`() throws {
        let load = LoadGeneration(
            collection: "c", generation: 1,
            shards: [
                ShardSpec(
                    segments: [SegmentRef(sha256: String(repeating: "a", count: 64), rows: 65_537)])
            ],
            fingerprint: String(repeating: "b", count: 64))
        #expect(throws: WireError.tooLarge(field: "SegmentRef.rows", value: 65_537, limit: 65_536))
        {
            try Message.loadGeneration(load).packed()
        }
    }

    @Test func `what breaks a limit is not sent either`() {
        #expect(
            throws: WireError.tooLarge(
                field: "Header.budget_microseconds", value: .max, limit: 86_400_000_000)
        ) {
            try Wire.encode(
                Envelope(budgetMicroseconds: .max, message: .done(Done())), limits: .control)
        }
        #expect(throws: WireError.notAName(field: "Hello.name", value: "a b", kind: .process)) {
            try Message.hello(Hello(name: "a b")).packed()
        }
    }

    @Test func `a hostile text does not move the cursor of whoever reads the log`() {
        let error = WireError.notAName(field: "Hello.name", value: "\u{1b}[2J\n", kind: .process)
        #expect(error.description.hasPrefix("Hello.name is “?[2J?”. Use 1 to 64 letters"))
    }
}

extension ProtoSchema.Field {
    /// A text that the field may hold; nil where it names nothing.
    fileprivate var goodName: String? {
        switch kind {
        case .processName: "worker-1.a_b"
        case .collectionName: "wiki-2018.a_b"
        case .sha256: String(repeating: "0a", count: 32)
        default: nil
        }
    }

    /// Texts that it may not.
    fileprivate var badNames: [String] {
        switch kind {
        case .processName, .collectionName:
            [
                "..", ".a", "a/b", "a b", "\u{1b}[2J", "é",
                String(repeating: "x", count: kind == .processName ? 65 : 129),
            ]
        case .sha256:
            [
                String(repeating: "0A", count: 32), String(repeating: "0a", count: 31),
                String(repeating: "0a", count: 33), "../../../x",
            ]
        default: []
        }
    }
}
