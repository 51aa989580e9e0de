import CClusterProtocol
import ClusterCore

/// A Swift value with a protocol buffers message of the C library as its twin.
///
/// `scripts/generate-proto` writes the one extension of each message, in
/// `Sources/ClusterRuntime/Generated`.
protocol Packable {
    /// The struct that `protoc-c` made; its first member is the `ProtobufCMessage` base.
    associatedtype CMessage

    /// What each field may hold, by rising field numbers, as in the C library's descriptor.
    static var limits: [FieldLimits] { get }

    /// Makes the struct an empty message of its kind.
    static func initialize(_ c: UnsafeMutablePointer<CMessage>)

    /// Writes all fields to an empty message; what they point to is allocated as the C library
    /// does, and belongs to the message.
    func fill(_ c: inout CMessage) throws(WireError)

    /// Reads all fields.
    init(_ c: CMessage) throws(WireError)
}

/// The bytes of a message.
///
/// Throws where a field breaks its limit, which the other side would refuse, and
/// ``WireError/nullInText(part:)``: the C library ends a string at its first NUL byte, and would
/// send it cut without a word.
func pack<M: Packable>(_ message: M) throws(WireError) -> [UInt8] {
    let owner = COwner<M>()
    try owner.fill(message)
    try FieldGate.check(owner.base, M.limits)
    return owner.packed()
}

/// The message of bytes, whose number the caller has bounded.
func unpack<M: Packable>(_ bytes: [UInt8]) throws(WireError) -> M {
    guard let owner = COwner<M>(unpacking: bytes) else { throw .malformed(part: "\(M.self)") }
    // The C library ends a text at its first NUL byte and keeps the last of a field that
    // comes twice; either way the message would be written shorter than it came.
    guard protobuf_c_message_get_packed_size(owner.base) == bytes.count else {
        throw .notCanonical(part: "\(M.self)")
    }
    try FieldGate.check(owner.base, M.limits)
    return try owner.value()
}

/// Owns a message in C with all that it points to, whoever made it.
private struct COwner<M: Packable>: ~Copyable {
    let base: UnsafeMutablePointer<ProtobufCMessage>

    /// An empty message.
    init() {
        let c = Pack.new(M.self)
        base = UnsafeMutableRawPointer(c).assumingMemoryBound(to: ProtobufCMessage.self)
    }

    /// The message of bytes; nil where they are none of its kind.
    init?(unpacking bytes: [UInt8]) {
        let unpacked = bytes.withUnsafeBufferPointer { buffer in
            protobuf_c_message_unpack(Self.descriptor, nil, buffer.count, buffer.baseAddress)
        }
        guard let unpacked else { return nil }
        base = unpacked
    }

    deinit {
        protobuf_c_message_free_unpacked(base, nil)
    }

    /// What the C library knows about the message's fields: the struct's initializer puts it there.
    private static var descriptor: UnsafePointer<ProtobufCMessageDescriptor>? {
        withUnsafeTemporaryAllocation(of: M.CMessage.self, capacity: 1) { buffer in
            guard let c = buffer.baseAddress else { return nil }
            M.initialize(c)
            return UnsafeRawPointer(c).assumingMemoryBound(to: ProtobufCMessage.self).pointee
                .descriptor
        }
    }

    private var c: UnsafeMutablePointer<M.CMessage> {
        UnsafeMutableRawPointer(base).assumingMemoryBound(to: M.CMessage.self)
    }

    func fill(_ message: M) throws(WireError) {
        try message.fill(&c.pointee)
    }

    func value() throws(WireError) -> M {
        try M(c.pointee)
    }

    func packed() -> [UInt8] {
        let size = protobuf_c_message_get_packed_size(base)
        // All empty arrays share one storage, which must not be written to.
        if size == 0 { return [] }
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = protobuf_c_message_pack(base, buffer.baseAddress)
        }
    }
}
