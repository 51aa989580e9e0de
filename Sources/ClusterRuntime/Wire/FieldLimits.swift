import Base
import CClusterProtocol

/// What one field of a message may hold, as the comment behind it in `proto/` states it.
struct FieldLimits: Equatable, Sendable {
    /// What one value may be.
    enum Value: Equatable, Sendable {
        /// Whatever its type holds: it is compared, never counted with.
        case any
        /// A number of at most so much.
        case atMost(UInt64)
        /// A text of at most so many bytes.
        case bytes(Int)
        /// What can name a worker, a rank or a client.
        case processName
        /// What can name a collection.
        case collectionName
        /// 64 lower-case hexadecimal digits.
        case sha256
    }

    var value: Value
    var canBeEmpty = false
    /// The most elements of a list.
    var count = Int.max

    init(_ value: Value, canBeEmpty: Bool = false, count: Int = .max) {
        self.value = value
        self.canBeEmpty = canBeEmpty
        self.count = count
    }
}

extension FieldLimits {
    /// What is stated of the fields of each kind of message, in the order of its descriptor.
    private static let known = Locked<[UInt: [FieldLimits?]]>([:])

    /// What is stated of the fields of a message; nil where nothing is.
    static func of(_ message: UnsafePointer<ProtobufCMessageDescriptor>) -> [FieldLimits?] {
        known.withLock { known in
            let key = UInt(bitPattern: message)
            if let limits = known[key] { return limits }
            let name = String(cString: message.pointee.short_name)
            let fields = UnsafeBufferPointer(
                start: message.pointee.fields, count: Int(message.pointee.n_fields))
            let limits = fields.map { stated["\(name).\(String(cString: $0.name))"] }
            known[key] = limits
            return limits
        }
    }
}
