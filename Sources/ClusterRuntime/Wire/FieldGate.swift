import Base
import CClusterProtocol
import ClusterCore
import Glibc

/// The one gate between bytes and values: every field of a message against its ``FieldLimits``.
///
/// It stands on both sides, where a message is packed and where it is unpacked. What has passed it
/// can be converted, added and multiplied without a thought of overflow.
enum FieldGate {
    /// Throws at the first field, in this message or one inside it, that breaks its limit.
    ///
    /// - Parameter limits: of the message's kind, in the order of its descriptor's fields.
    static func check(
        _ message: UnsafePointer<ProtobufCMessage>, _ limits: [FieldLimits]
    ) throws(WireError) {
        guard let descriptor = message.pointee.descriptor, let fields = descriptor.pointee.fields
        else { throw .malformed(part: "message") }
        precondition(limits.count == Int(descriptor.pointee.n_fields))
        let base = UnsafeRawPointer(message)
        for index in limits.indices {
            let place = FieldPlace(descriptor, fields + index)
            let value = base + Int(fields[index].offset)
            guard fields[index].label == PROTOBUF_C_LABEL_REPEATED else {
                try place.check(value, limits[index])
                continue
            }
            let count = (base + Int(fields[index].quantifier_offset)).load(as: Int.self)
            guard count <= limits[index].count else {
                throw .tooMany(field: place.name, found: count, limit: limits[index].count)
            }
            guard let elements = value.load(as: UnsafeRawPointer?.self) else { continue }
            for element in 0..<count {
                try place.check(elements + element * place.stride, limits[index])
            }
        }
    }
}

/// A field of a kind of message.
private struct FieldPlace {
    private let message: UnsafePointer<ProtobufCMessageDescriptor>
    private let field: UnsafePointer<ProtobufCFieldDescriptor>

    init(
        _ message: UnsafePointer<ProtobufCMessageDescriptor>,
        _ field: UnsafePointer<ProtobufCFieldDescriptor>
    ) {
        self.message = message
        self.field = field
    }

    /// `Message.field`.
    var name: String {
        "\(String(cString: message.pointee.short_name)).\(String(cString: field.pointee.name))"
    }

    /// Bytes from one element of a list to the next.
    var stride: Int {
        switch field.pointee.type {
        case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_BOOL,
            PROTOBUF_C_TYPE_ENUM:
            MemoryLayout<UInt32>.stride
        default: MemoryLayout<UInt64>.stride
        }
    }

    /// Throws unless the value there keeps the limits.
    func check(_ value: UnsafeRawPointer, _ limits: FieldLimits) throws(WireError) {
        switch limits.value {
        case .any: break
        case .atMost(let most):
            let number =
                switch field.pointee.type {
                case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_FIXED32:
                    UInt64(value.load(as: UInt32.self))
                default: value.load(as: UInt64.self)
                }
            guard number <= most else { throw .tooLarge(field: name, value: number, limit: most) }
        case .message(let inner):
            if let message = value.load(as: UnsafePointer<ProtobufCMessage>?.self) {
                try FieldGate.check(message, inner)
            }
        case .bytes, .processName, .collectionName, .sha256:
            try check(text: value.load(as: UnsafePointer<CChar>?.self), limits)
        }
    }

    private func check(text: UnsafePointer<CChar>?, _ limits: FieldLimits) throws(WireError) {
        let text = UnsafeRawBufferPointer(start: text, count: text.map { strlen($0) } ?? 0)
        if text.isEmpty, limits.canBeEmpty { return }
        let kind: WireName
        switch limits.value {
        case .bytes(let most):
            guard text.count <= most else {
                throw .textTooLong(field: name, bytes: text.count, limit: most)
            }
            return
        case .collectionName:
            if WireName.isCollection(text) { return }
            kind = .collection
        case .sha256:
            if Hexadecimal.isSHA256(text) { return }
            kind = .sha256
        case .processName, .any, .atMost, .message:
            if WireName.isProcess(text) { return }
            kind = .process
        }
        throw .notAName(
            field: name, value: String(decoding: text.prefix(200), as: UTF8.self), kind: kind)
    }
}
