/// The largest message a lane carries.
public struct WireLimits: Equatable, Sendable {
    /// The largest header in bytes.
    public var header: Int
    /// The largest payload in bytes.
    public var payload: Int
    /// The largest sum of all frames in bytes.
    public var message: Int
    /// The most frames, header and payload counted.
    public var frames: Int

    /// Limits with the header, payload and frame count that all lanes share.
    public init(
        header: Int = 1 << 10, payload: Int = 1 << 20, message: Int, frames: Int = 16
    ) {
        self.header = header
        self.payload = payload
        self.message = message
        self.frames = frames
    }

    /// Lane control: small messages, so that a heartbeat waits for nothing large.
    public static let control = WireLimits(message: (1 << 20) + (1 << 10))
    /// Lane query: a batch of question vectors, hits or passages.
    public static let query = WireLimits(message: 16 << 20)
    /// Lane bulk: a chunk of 1 MiB and what goes with it.
    public static let bulk = WireLimits(message: (1 << 20) + (64 << 10))

    /// Throws unless the frames keep the limits.
    func check(_ frames: [[UInt8]]) throws(WireError) {
        guard frames.count >= 2 else { throw .missingFrames(found: frames.count) }
        guard frames.count <= self.frames else {
            throw .tooManyFrames(found: frames.count, limit: self.frames)
        }
        guard frames[0].count <= header else {
            throw .headerTooLarge(bytes: frames[0].count, limit: header)
        }
        guard frames[1].count <= payload else {
            throw .payloadTooLarge(bytes: frames[1].count, limit: payload)
        }
        let bytes = frames.reduce(0) { $0 + $1.count }
        guard bytes <= message else { throw .messageTooLarge(bytes: bytes, limit: message) }
    }
}
