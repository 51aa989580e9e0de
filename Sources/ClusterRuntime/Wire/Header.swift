import ClusterCore

extension Header {
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
            magic: Wire.magic, version: envelope.wireVersion ?? Wire.version,
            clusterID: envelope.clusterID, sender: envelope.sender,
            incarnation: envelope.incarnation, epoch: envelope.epoch,
            type: envelope.message.type.rawValue, requestID: envelope.requestID,
            attempt: envelope.attempt, budgetMicroseconds: envelope.budgetMicroseconds,
            traceParent: envelope.traceParent, bodyLengths: lengths, bodyChecksum: checksum,
            credit: envelope.credit)
    }
}
