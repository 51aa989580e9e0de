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
    static func check(_ message: UnsafePointer<ProtobufCMessage>) throws(WireError) {
        let descriptor = message.pointee.descriptor
        guard let descriptor else { throw .malformed(part: "message") }
        let base = UnsafeRawPointer(message)
        let fields = UnsafeBufferPointer(
            start: descriptor.pointee.fields, count: Int(descriptor.pointee.n_fields))
        for (field, limits) in zip(fields, FieldLimits.of(descriptor)) {
            let place = FieldPlace(descriptor, field, limits ?? FieldLimits(.any, canBeEmpty: true))
            let value = base + Int(field.offset)
            guard field.label == PROTOBUF_C_LABEL_REPEATED else {
                try place.check(value)
                continue
            }
            let count = (base + Int(field.quantifier_offset)).load(as: Int.self)
            guard count <= place.limits.count else {
                throw .tooMany(field: place.name, found: count, limit: place.limits.count)
            }
            guard let elements = value.load(as: UnsafeRawPointer?.self) else { continue }
            for index in 0..<count { try place.check(elements + index * place.stride) }
        }
    }
}

/// A field, and what its values are compared with.
private struct FieldPlace {
    let limits: FieldLimits
    private let message: UnsafePointer<ProtobufCMessageDescriptor>
    private let field: ProtobufCFieldDescriptor

    init(
        _ message: UnsafePointer<ProtobufCMessageDescriptor>, _ field: ProtobufCFieldDescriptor,
        _ limits: FieldLimits
    ) {
        self.message = message
        self.field = field
        self.limits = limits
    }

    /// `Message.field`.
    var name: String {
        "\(String(cString: message.pointee.short_name)).\(String(cString: field.name))"
    }

    /// Bytes from one element of a list to the next.
    var stride: Int {
        switch field.type {
        case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_BOOL,
            PROTOBUF_C_TYPE_ENUM:
            MemoryLayout<UInt32>.stride
        default: MemoryLayout<UInt64>.stride
        }
    }

    /// Throws unless the value there keeps the limits.
    func check(_ value: UnsafeRawPointer) throws(WireError) {
        switch field.type {
        case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_FIXED32:
            try check(number: UInt64(value.load(as: UInt32.self)))
        case PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_FIXED64:
            try check(number: value.load(as: UInt64.self))
        case PROTOBUF_C_TYPE_STRING:
            try check(text: value.load(as: UnsafePointer<CChar>?.self))
        case PROTOBUF_C_TYPE_MESSAGE:
            if let inner = value.load(as: UnsafePointer<ProtobufCMessage>?.self) {
                try FieldGate.check(inner)
            }
        default: break
        }
    }

    private func check(number: UInt64) throws(WireError) {
        guard case .atMost(let most) = limits.value, number > most else { return }
        throw .tooLarge(field: name, value: number, limit: most)
    }

    private func check(text: UnsafePointer<CChar>?) throws(WireError) {
        let text = UnsafeRawBufferPointer(start: text, count: text.map { strlen($0) } ?? 0)
        if text.isEmpty, limits.canBeEmpty { return }
        let isGood =
            switch limits.value {
            case .any, .atMost: true
            case .bytes(let most): text.count <= most
            case .processName: WireName.isProcess(text)
            case .collectionName: WireName.isCollection(text)
            case .sha256: Hexadecimal.isSHA256(text)
            }
        guard !isGood else { return }
        if case .bytes(let most) = limits.value {
            throw .textTooLong(field: name, bytes: text.count, limit: most)
        }
        throw .notAName(
            field: name, value: String(decoding: text.prefix(200), as: UTF8.self),
            kind: limits.value.name)
    }
}

extension FieldLimits.Value {
    fileprivate var name: WireName {
        switch self {
        case .collectionName: .collection
        case .sha256: .sha256
        case .processName, .any, .atMost, .bytes: .process
        }
    }
}
