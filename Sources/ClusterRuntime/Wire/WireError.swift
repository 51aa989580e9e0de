import ClusterCore

/// Why bytes are not a message, or a message cannot become bytes.
public enum WireError: Error, Equatable, Sendable {
    /// The message has fewer frames than a header and a payload.
    case missingFrames(found: Int)
    /// More frames than a message may have.
    case tooManyFrames(found: Int, limit: Int)
    /// The header is larger than ``WireLimits/header``.
    case headerTooLarge(bytes: Int, limit: Int)
    /// The payload is larger than ``WireLimits/payload``.
    case payloadTooLarge(bytes: Int, limit: Int)
    /// All frames together are larger than ``WireLimits/message``.
    case messageTooLarge(bytes: Int, limit: Int)
    /// Protocol buffers could not read the header or the payload named.
    case malformed(part: String)
    /// The header or the payload named has a NUL byte in a text, a field twice, or a default
    /// written out: no writer of this protocol makes such bytes.
    case notCanonical(part: String)
    /// The header does not open with the magic number.
    case wrongMagic(found: UInt32)
    /// The sender speaks another version of the wire; `release` is what it says, or empty.
    case otherVersion(found: UInt32, accepted: ClosedRange<UInt32>, release: String)
    /// The header names a message type that does not exist.
    case unknownType(UInt32)
    /// A field holds a value that its enumeration does not have.
    case unknownValue(field: String, value: Int32)
    /// A number is larger than its field allows.
    case tooLarge(field: String, value: UInt64, limit: UInt64)
    /// A list has more elements than its field allows.
    case tooMany(field: String, found: Int, limit: Int)
    /// A text is longer than its field allows.
    case textTooLong(field: String, bytes: Int, limit: Int)
    /// A text cannot name what its field names; the value is cut to 200 bytes.
    case notAName(field: String, value: String, kind: WireName)
    /// A text field is not UTF-8.
    case invalidText(field: String)
    /// A text to be sent holds a NUL byte, which would end it early at the other side.
    case nullInText(part: String)
    /// The header announces another number of frames.
    case frameCount(announced: Int, found: Int)
    /// The header announces another length for a frame; the payload is frame 0.
    case frameLength(frame: Int, announced: UInt64, found: Int)
    /// The frames do not have the checksum announced.
    case checksum(announced: UInt32, found: UInt32)
    /// A raw frame does not hold the elements expected.
    case elements(expectedBytes: Int, found: Int)

    /// The case without its facts, to count by.
    public enum Kind: String, Hashable, CaseIterable, Sendable {
        /// The case of ``WireError`` with the same name.
        case missingFrames, tooManyFrames, headerTooLarge, payloadTooLarge, messageTooLarge
        /// The case of ``WireError`` with the same name.
        case malformed, notCanonical, wrongMagic, otherVersion, unknownType, unknownValue,
            invalidText, tooLarge, tooMany, textTooLong, notAName
        /// The case of ``WireError`` with the same name.
        case nullInText, frameCount, frameLength, checksum, elements
    }

    /// The case without its facts.
    public var kind: Kind {
        switch self {
        case .missingFrames: .missingFrames
        case .tooManyFrames: .tooManyFrames
        case .headerTooLarge: .headerTooLarge
        case .payloadTooLarge: .payloadTooLarge
        case .messageTooLarge: .messageTooLarge
        case .malformed: .malformed
        case .notCanonical: .notCanonical
        case .wrongMagic: .wrongMagic
        case .otherVersion: .otherVersion
        case .unknownType: .unknownType
        case .unknownValue: .unknownValue
        case .tooLarge: .tooLarge
        case .tooMany: .tooMany
        case .textTooLong: .textTooLong
        case .notAName: .notAName
        case .invalidText: .invalidText
        case .nullInText: .nullInText
        case .frameCount: .frameCount
        case .frameLength: .frameLength
        case .checksum: .checksum
        case .elements: .elements
        }
    }
}

extension WireError {
    /// What its sender is told: where the message was understood but for a value, and where it is
    /// of another version of the wire, in each of which FAILURE is understood; nil for strangers.
    var answer: Failure? {
        switch self {
        case .tooLarge, .tooMany, .textTooLong, .notAName, .unknownValue, .invalidText:
            Failure(code: .input, message: description)
        case .otherVersion: Failure(code: .conflict, message: description)
        default: nil
        }
    }

    /// The version of the wire in which its sender reads the answer; nil: this release's.
    var answerVersion: UInt32? {
        if case .otherVersion(let found, _, _) = self { found } else { nil }
    }
}

extension WireError: CustomStringConvertible {
    /// One message that ends with the remedy.
    public var description: String {
        switch self {
        case .missingFrames(let found):
            "A message of \(found) frames lacks header or payload. Check what connects here."
        case .tooManyFrames(let found, let limit):
            "A message has \(found) frames; \(limit) are allowed. Split it."
        case .headerTooLarge(let bytes, let limit):
            "A header has \(bytes) bytes; \(limit) are allowed. Shorten names and trace context."
        case .payloadTooLarge(let bytes, let limit):
            "A payload has \(bytes) bytes; \(limit) are allowed. Split the message."
        case .messageTooLarge(let bytes, let limit):
            "A message has \(bytes) bytes; its lane allows \(limit). Split it."
        case .malformed(let part):
            "The \(part) is not a protocol buffer of its kind. Check what connects here."
        case .notCanonical(let part):
            "The \(part) has a NUL byte in a text, or a field twice. Check the sender."
        case .wrongMagic(let found):
            "The header opens with 0x\(String(found, radix: 16)) instead of "
                + "0x\(String(Wire.magic, radix: 16)). Check what connects here."
        case .otherVersion(let found, let accepted, let release):
            "Wire version \(found) of \(release.isEmpty ? "another release" : "Sheaf \(release)") "
                + "is not read by Sheaf \(Release.version), which reads "
                + (accepted.count == 1 ? "" : "\(accepted.lowerBound) to ")
                + "\(accepted.upperBound). Run the same release on both."
        case .unknownType(let value):
            "The header names message type \(value), which this release does not know. "
                + "Run the same release on both sides."
        case .unknownValue(let field, let value):
            "\(field) holds \(value), which this release does not know. "
                + "Run the same release on both sides."
        case .tooLarge(let field, let value, let limit):
            "\(field) is \(value); at most \(limit) is allowed. Choose less."
        case .tooMany(let field, let found, let limit):
            "\(field) has \(found) elements; \(limit) are allowed. Send fewer."
        case .textTooLong(let field, let bytes, let limit):
            "\(field) has \(bytes) bytes; \(limit) are allowed. Shorten it."
        case .notAName(let field, let value, .collection):
            "“\(value.printable)” cannot name a collection (\(field)). \(WireName.collection.rule)"
        case .notAName(let field, let value, let kind):
            "\(field) is “\(value.printable)”. \(kind.rule)"
        case .invalidText(let field):
            "\(field) is not UTF-8. Check the sender."
        case .nullInText(let part):
            "A text of \(part) holds a NUL byte. Remove it before sending."
        case .frameCount(let announced, let found):
            "The header announces \(announced) frames and \(found) came. Check the sender."
        case .frameLength(let frame, let announced, let found):
            "The header announces \(announced) bytes for frame \(frame) and \(found) came. "
                + "Check the sender."
        case .checksum(let announced, let found):
            "The frames have the checksum 0x\(String(found, radix: 16)); the header announces "
                + "0x\(String(announced, radix: 16)). Check the network and the sender's memory."
        case .elements(let expectedBytes, let found):
            "A raw frame has \(found) bytes where \(expectedBytes) were expected. "
                + "Check the sender."
        }
    }
}

extension String {
    /// The text with whatever would move a terminal's cursor or colour it replaced.
    fileprivate var printable: String {
        String(
            map { $0.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f } ? "?" : $0 })
    }
}
