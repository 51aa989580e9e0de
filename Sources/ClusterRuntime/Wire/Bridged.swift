import CClusterProtocol

/// A Swift value with a protocol buffers message of the C library as its twin.
///
/// Each message has one extension, in `Bridge+….swift`: `fill` writes every field to the C struct,
/// `init` reads every field back, in the order of the `.proto` file.
protocol Bridged {
    /// The struct that `protoc-c` made; its first member is the `ProtobufCMessage` base.
    associatedtype CMessage

    /// Makes the struct an empty message of its kind.
    static func initialize(_ c: UnsafeMutablePointer<CMessage>)

    /// Writes all fields; what they point to belongs to the arena.
    func fill(_ c: inout CMessage, _ arena: PackArena)

    /// Reads all fields.
    init(_ c: CMessage) throws(WireError)
}

/// The bytes of a message.
///
/// Throws where a field breaks its limit, which the other side would refuse, and
/// ``WireError/nullInText(part:)``: the C library ends a string at its first NUL byte, and would
/// send it cut without a word.
func pack<M: Bridged>(_ message: M) throws(WireError) -> [UInt8] {
    let arena = PackArena()
    let c = arena.allocate(message)
    guard !arena.sawNull else { throw .nullInText(part: "\(M.self)") }
    let base = UnsafeMutableRawPointer(c).assumingMemoryBound(to: ProtobufCMessage.self)
    try FieldGate.check(base)
    return withExtendedLifetime(arena) {
        let size = protobuf_c_message_get_packed_size(base)
        // All empty arrays share one storage, which must not be written to.
        if size == 0 { return [] }
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = protobuf_c_message_pack(base, buffer.baseAddress)
        }
    }
}

/// The message of bytes, whose number the caller has bounded.
func unpack<M: Bridged>(_ bytes: [UInt8]) throws(WireError) -> M {
    let owner = try UnpackedMessage<M>(bytes)
    return try owner.value(from: bytes.count)
}

/// Owns what the C library allocates for one message while its fields are read.
private struct UnpackedMessage<M: Bridged>: ~Copyable {
    private let base: UnsafeMutablePointer<ProtobufCMessage>

    init(_ bytes: [UInt8]) throws(WireError) {
        let unpacked = bytes.withUnsafeBufferPointer { buffer in
            protobuf_c_message_unpack(descriptor(of: M.self), nil, buffer.count, buffer.baseAddress)
        }
        guard let unpacked else { throw .malformed(part: "\(M.self)") }
        base = unpacked
    }

    deinit {
        protobuf_c_message_free_unpacked(base, nil)
    }

    func value(from byteCount: Int) throws(WireError) -> M {
        // The C library ends a text at its first NUL byte and keeps the last of a field that
        // comes twice; either way the message would be written shorter than it came.
        guard protobuf_c_message_get_packed_size(base) == byteCount else {
            throw .notCanonical(part: "\(M.self)")
        }
        try FieldGate.check(base)
        return try M(UnsafeRawPointer(base).assumingMemoryBound(to: M.CMessage.self).pointee)
    }
}

/// What the C library knows about a message's fields: the struct's initializer puts it there.
func descriptor<M: Bridged>(of type: M.Type) -> UnsafePointer<ProtobufCMessageDescriptor>? {
    withUnsafeTemporaryAllocation(of: M.CMessage.self, capacity: 1) { buffer in
        guard let c = buffer.baseAddress else { return nil }
        M.initialize(c)
        return UnsafeRawPointer(c).assumingMemoryBound(to: ProtobufCMessage.self).pointee
            .descriptor
    }
}
