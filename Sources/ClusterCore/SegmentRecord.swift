/// A committed segment.
public struct SegmentRecord: Codable, Equatable, Sendable {
    /// The batch it holds.
    public var batch: BatchNumber
    /// SHA-256 and name of the file.
    public var sha256: String
    /// Its rows.
    public var rows: UInt64
    /// Its bytes.
    public var bytes: UInt64
    /// The attempt that made it.
    public var attempt: Attempt

    /// Makes the record of one segment.
    public init(batch: BatchNumber, sha256: String, rows: UInt64, bytes: UInt64, attempt: Attempt) {
        self.batch = batch
        self.sha256 = sha256
        self.rows = rows
        self.bytes = bytes
        self.attempt = attempt
    }

    /// Codes the batch as a number and leaves the attempt out: a manifest knows nothing of
    /// attempts.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        batch = BatchNumber(try container.decode(Int.self, forKey: .batch))
        sha256 = try container.decode(String.self, forKey: .sha256)
        rows = try container.decode(UInt64.self, forKey: .rows)
        bytes = try container.decode(UInt64.self, forKey: .bytes)
        attempt = Attempt(0)
    }

    /// Codes the batch as a number and leaves the attempt out.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(batch.rawValue, forKey: .batch)
        try container.encode(sha256, forKey: .sha256)
        try container.encode(rows, forKey: .rows)
        try container.encode(bytes, forKey: .bytes)
    }

    private enum CodingKeys: String, CodingKey { case batch, sha256, rows, bytes }
}
