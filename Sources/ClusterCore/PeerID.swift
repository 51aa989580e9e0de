/// The routing id of a process: its name and its boot nonce.
///
/// The nonce keeps a restarted process from receiving what was meant for its predecessor. A
/// process has the same id on all lanes.
public struct PeerID: Hashable, Sendable {
    /// The routing id as ZeroMQ carries it: 1 to 255 bytes.
    public let bytes: [UInt8]

    /// The longest name in UTF-8 bytes.
    public static let maximumNameBytes = 200

    /// The id of a process: `NAME#` and the nonce in sixteen hexadecimal digits.
    public init(name: String, incarnation: UInt64) {
        let digits = String(incarnation, radix: 16)
        let zeros = String(repeating: "0", count: 16 - digits.count)
        bytes = Array((name + "#" + zeros + digits).utf8)
    }

    /// The id that a ROUTER put in front of a message.
    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }
}

extension PeerID: CustomStringConvertible {
    /// The id as text; bytes that are not UTF-8 show as replacement characters.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}
