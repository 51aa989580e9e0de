import CClusterProtocol
import ClusterCore

/// The header of `wire.proto`, field by field.
struct Header: Equatable {
    var magic: UInt32 = Wire.magic
    var version: UInt32 = Wire.version
    var clusterID: String
    var sender: String
    var incarnation: UInt64
    var epoch: UInt64
    /// As it came: may name no ``ClusterCore/MessageType``.
    var type: Int32
    var requestID: UInt64
    var attempt: UInt64
    var budgetMicroseconds: UInt64
    var traceParent: String
    /// Bytes of each frame after the header.
    var lengths: [UInt64]
    /// CRC32C over all frames after the header.
    var checksum: UInt32
    var credit: UInt64

    /// Throws unless the header is of this protocol and of a version that is read here.
    ///
    /// FAILURE is read in any version, so that whoever is refused for his version is told so; HELLO
    /// says the release in any version.
    func check(_ payload: [UInt8]) throws(WireError) {
        guard magic == Wire.magic else { throw .wrongMagic(found: magic) }
        let kind = MessageType(rawValue: type)
        guard Wire.acceptedVersions.contains(version) || kind == .failure else {
            throw .otherVersion(
                found: version, accepted: Wire.acceptedVersions,
                release: kind.flatMap { Header.release(in: payload, of: $0) } ?? "")
        }
    }

    /// The release that a greeting tells; nil where there is none.
    private static func release(in payload: [UInt8], of type: MessageType) -> String? {
        guard type == .hello || type == .trainerHello else { return nil }
        return switch try? Message.unpacked(type, payload) {
        case .hello(let hello)?: hello.release
        case .trainerHello(let hello)?: hello.release
        default: nil
        }
    }

    /// The envelope with what the header carries for it.
    func envelope(message: Message, frames: [[UInt8]]) -> Envelope {
        Envelope(
            clusterID: clusterID, sender: sender, incarnation: incarnation, epoch: epoch,
            requestID: requestID, attempt: attempt, budgetMicroseconds: budgetMicroseconds,
            traceParent: traceParent, credit: credit, message: message, frames: frames)
    }
}

extension Header {
    /// The header of an envelope whose body has these lengths and this checksum.
    init(_ envelope: Envelope, lengths: [UInt64], checksum: UInt32) {
        self.init(
            clusterID: envelope.clusterID, sender: envelope.sender,
            incarnation: envelope.incarnation, epoch: envelope.epoch,
            type: envelope.message.type.rawValue, requestID: envelope.requestID,
            attempt: envelope.attempt, budgetMicroseconds: envelope.budgetMicroseconds,
            traceParent: envelope.traceParent, lengths: lengths, checksum: checksum,
            credit: envelope.credit)
    }
}

extension Header: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Header>) {
        sheaf__v1__header__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Header, _ arena: PackArena) {
        c.magic = magic
        c.version = version
        c.cluster_id = arena.string(clusterID)
        c.sender = arena.string(sender)
        c.incarnation = incarnation
        c.epoch = epoch
        c.type = Sheaf__V1__MessageType(UInt32(bitPattern: type))
        c.request_id = requestID
        c.attempt = attempt
        c.budget_us = budgetMicroseconds
        c.trace_parent = arena.string(traceParent)
        (c.n_body_lengths, c.body_lengths) = arena.array(lengths)
        c.body_crc32c = checksum
        c.credit = credit
    }

    init(_ c: Sheaf__V1__Header) throws(WireError) {
        self.init(
            magic: c.magic,
            version: c.version,
            clusterID: try Unpack.text(c.cluster_id, "Header.cluster_id"),
            sender: try Unpack.text(c.sender, "Header.sender"),
            incarnation: c.incarnation,
            epoch: c.epoch,
            type: Int32(bitPattern: c.type.rawValue),
            requestID: c.request_id,
            attempt: c.attempt,
            budgetMicroseconds: c.budget_us,
            traceParent: try Unpack.text(c.trace_parent, "Header.trace_parent"),
            lengths: Unpack.numbers(c.body_lengths, c.n_body_lengths),
            checksum: c.body_crc32c,
            credit: c.credit)
    }
}
