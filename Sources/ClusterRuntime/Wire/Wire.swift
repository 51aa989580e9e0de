import CClusterProtocol
import CKernels
public import ClusterCore

/// The codec: one ``ClusterCore/Envelope`` to the frames of one message, and back.
///
/// Frames: `[header][payload][raw frames …]`, without the routing id that a ROUTER puts in front.
/// Nothing is unpacked before its size is checked, and no length that a peer announces decides
/// about memory: protocol buffers allocate by the bytes that really came, and raw frames are
/// compared with the announced lengths, never cut or grown by them.
public enum Wire {
    /// What every header opens with: `SHF1`.
    public static let magic: UInt32 = 0x5348_4631

    /// The version written.
    public static let version: UInt32 = 2

    /// The versions read: that one alone.
    ///
    /// Version 1 could not tell one load of a generation from another.
    public static let acceptedVersions: ClosedRange<UInt32> = 2...2

    /// The frames of a message.
    ///
    /// Throws where the message breaks a limit of its lane or a text holds a NUL byte.
    public static func encode(
        _ envelope: Envelope, limits: WireLimits
    ) throws(WireError) -> [[UInt8]] {
        let payload = try envelope.message.packed()
        let body = [payload] + envelope.frames
        let header = try pack(
            Header(envelope, lengths: body.map { UInt64($0.count) }, checksum: checksum(of: body)))
        let frames = [header] + body
        try limits.check(frames)
        return frames
    }

    /// The message of frames.
    ///
    /// Throws whatever ``WireError`` says about input; never traps, whatever the bytes.
    public static func decode(
        _ frames: [[UInt8]], limits: WireLimits
    ) throws(WireError) -> Envelope {
        try limits.check(frames)
        let header: Header = try unpack(frames[0])
        try header.check(frames[1])
        guard let type = MessageType(rawValue: header.type) else {
            throw .unknownType(header.type)
        }
        let body = Array(frames.dropFirst())
        guard header.bodyLengths.count == body.count else {
            throw .frameCount(announced: header.bodyLengths.count, found: body.count)
        }
        for (index, frame) in body.enumerated() where header.bodyLengths[index] != frame.count {
            throw .frameLength(
                frame: index, announced: header.bodyLengths[index], found: frame.count)
        }
        let found = checksum(of: body)
        guard header.bodyChecksum == found else {
            throw .checksum(announced: header.bodyChecksum, found: found)
        }
        let message = try Message.unpacked(type, body[0])
        return header.envelope(message: message, frames: Array(body.dropFirst()))
    }

    /// The header of refused frames, for the answer that says why; nil where it cannot be read.
    static func header(of frames: [[UInt8]]) -> Header? {
        guard let first = frames.first, first.count <= WireLimits.control.header else { return nil }
        return try? unpack(first)
    }

    /// The CRC32C over frames, in order.
    static func checksum(of frames: [[UInt8]]) -> UInt32 {
        frames.reduce(0) { crc, frame in
            frame.withUnsafeBytes { sheaf_crc32c(crc, $0.baseAddress, $0.count) }
        }
    }
}
