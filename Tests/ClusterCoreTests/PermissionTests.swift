import ClusterCore
import Foundation
import TestSupport
import Testing

@Suite struct PermissionTests {
    private static func key(_ role: KeyRole, _ name: String = "k") -> AllowedKey {
        AllowedKey(name: name, fingerprint: "SHA256:\(name)", role: role)
    }

    /// The senders that the comments of `wire.proto` name, by the number of the type.
    private static func published() throws -> [UInt32: Set<String>] {
        let text = try String(
            contentsOfFile: TestFiles.repository + "/proto/sheaf/v1/wire.proto", encoding: .utf8)
        let start = try #require(text.firstRange(of: "oneof body {")).upperBound
        let end = try #require(text[start...].firstRange(of: "}")).lowerBound
        var senders: [UInt32: Set<String>] = [:]
        for line in text[start..<end].split(separator: "\n") {
            let value = line.firstMatch(of: /^    \w+ \w+ = (\d+);(?: +\/\/ from: (.*))?$/)
            guard let value, let number = UInt32(value.1) else { continue }
            // What stands in brackets limits a sender, and is tested by itself.
            let names = (value.2 ?? "").replacing(/\s\([^)]*\)/, with: "").split(separator: ", ")
            senders[number] = Set(names.map(String.init))
        }
        return senders
    }

    @Test func `the table is what the comments of the proto say`() throws {
        let published = try Self.published()
        #expect(Set(published.keys) == Set(MessageType.allCases.map(\.rawValue)))
        for type in MessageType.allCases {
            var names = published[type.rawValue] ?? []
            #expect(!names.isEmpty, "\(type) names no sender")
            names.remove("coordinator")
            #expect(names == Set(Permissions.senders(of: type).map(\.rawValue)), "\(type)")
        }
    }

    /// One message of each type; HELLO as what the key is.
    private static func message(_ type: MessageType, _ role: KeyRole) -> Message {
        type == .hello ? .hello(Hello(role: role.role)) : Message(emptyOf: type)
    }

    @Test(arguments: MessageType.allCases, KeyRole.allCases)
    func `a key's holder may send what its role includes, and nothing else`(
        type: MessageType, role: KeyRole
    ) throws {
        let message = Self.message(type, role)
        let key = Self.key(role, "node-7")
        let refusal = Permissions.refusal(of: message, from: .key(key))
        #expect((refusal == nil) == Permissions.senders(of: type).contains(role))
        #expect(Permissions.refusal(of: message, from: .trusted) == nil)
        guard let refusal else { return }
        #expect(refusal.failure.code == .denied)
        for part in ["node-7", "SHA256:node-7", role.rawValue] {
            #expect(refusal.failure.message.contains(part))
        }
    }

    @Test(arguments: KeyRole.allCases, [Role.worker, .client, .unknown])
    func `a key joins as what it is`(role: KeyRole, wanted: Role) {
        let hello = Message.hello(Hello(role: wanted))
        let refusal = Permissions.refusal(of: hello, from: .key(Self.key(role)))
        let isItself = role != .trainer && role.role == wanted
        #expect((refusal == nil) == isItself)
    }

    @Test func `a refusal names the line that would allow it`() throws {
        let hello = Message.hello(Hello(role: .worker))
        let refusal = try #require(
            Permissions.refusal(of: hello, from: .key(Self.key(.client, "node-7"))))
        #expect(
            refusal.description == """
                The key of “node-7” (SHA256:node-7) is allowed as client, not as worker. Use a key \
                of that role, or write `role: worker` into allowed/node-7.public at the coordinator.
                """)
        let shutdown = try #require(
            Permissions.refusal(
                of: .shutdown(Shutdown()), from: .key(Self.key(.client, "node-7"))))
        #expect(
            shutdown.description.contains("may not stop the cluster. Use a key whose role is a"))
    }

    @Test func `a client ends its own run, an admin any`() {
        let (mine, other) = (Self.key(.client, "mine"), Self.key(.client, "other"))
        func mayCancel(_ owner: Sender, _ sender: Sender) -> Bool {
            Permissions.refusalToCancel(runOf: owner, by: sender) == nil
        }
        #expect(mayCancel(.key(mine), .key(mine)))
        #expect(!mayCancel(.key(other), .key(mine)))
        #expect(!mayCancel(.trusted, .key(mine)))
        #expect(mayCancel(.key(other), .key(Self.key(.admin))))
        #expect(mayCancel(.trusted, .key(Self.key(.admin))))
        #expect(mayCancel(.key(other), .trusted))
    }
}
