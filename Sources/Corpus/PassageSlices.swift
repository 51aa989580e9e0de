import Base

/// The passages of a block by their places: checked, but not decoded.
///
///     let slices = try PassageSlices(block)
///     var other = PassageBlockBuilder()
///     other.append(slices, at: 3)
///     send(other.block())
///
/// Whoever passes passages on copies their bytes and makes no strings of them.
public struct PassageSlices: Sendable {
    fileprivate let bytes: [UInt8]
    /// Where the texts of each passage begin; one more than there are passages.
    fileprivate let starts: [Int]

    /// Checks all that `PassageBlock.decode` checks.
    ///
    /// - Throws: `CorpusError.malformedBlock` with the offset of the fault.
    public init(_ bytes: [UInt8]) throws(CorpusError) {
        let count = try PassageBlock.count(bytes)
        var starts = [4 + 12 * count]
        starts.reserveCapacity(count + 1)
        var at = starts[0]
        var boundaries: [Int] = []
        boundaries.reserveCapacity(3 * count)
        for part in 0..<3 * count {
            let length = PassageBlock.length(bytes, at: 4 + 4 * part)
            guard length <= bytes.count - at else {
                throw .malformedBlock(
                    byteOffset: at,
                    reason: "\(length) bytes are announced, \(bytes.count - at) are left")
            }
            if length > 0 { boundaries.append(at) }
            at += length
            if part % 3 == 2 { starts.append(at) }
        }
        guard at == bytes.count else {
            throw .malformedBlock(byteOffset: at, reason: "\(bytes.count - at) bytes are left over")
        }
        // All texts at once: each is UTF-8 where the whole is and none begins within a character.
        guard ByteSearch.isText(bytes.span, starts[0]..<at) else {
            throw .malformedBlock(byteOffset: starts[0], reason: "a text is not UTF-8")
        }
        if let cut = boundaries.first(where: { bytes[$0] & 0xC0 == 0x80 }) {
            throw .malformedBlock(byteOffset: cut, reason: "the text is not UTF-8")
        }
        self.bytes = bytes
        self.starts = starts
    }

    /// How many passages there are.
    public var count: Int { starts.count - 1 }

    /// Bytes that a passage takes in a block: its three lengths and its three texts.
    public func size(at index: Int) -> Int { 12 + starts[index + 1] - starts[index] }
}

/// A block of passages in the making, from parts that are bytes already.
public struct PassageBlockBuilder: Sendable {
    private var lengths: [UInt8] = []
    private var texts: [UInt8] = []

    /// A block of no passages.
    public init() {}

    /// How many passages there are.
    public var count: Int { lengths.count / 12 }

    /// Bytes of the lengths and texts so far.
    public var size: Int { lengths.count + texts.count }

    /// Adds a passage of another block.
    public mutating func append(_ slices: PassageSlices, at index: Int) {
        lengths += slices.bytes[4 + 12 * index..<16 + 12 * index]
        texts += slices.bytes[slices.starts[index]..<slices.starts[index + 1]]
    }

    /// Adds a passage of three texts in UTF-8, each shorter than 4 GiB.
    public mutating func append<Bytes: Collection<UInt8>>(id: Bytes, title: Bytes, text: Bytes) {
        for part in [id, title, text] {
            PassageBlock.append(part.count, to: &lengths)
            texts.append(contentsOf: part)
        }
    }

    /// Takes the last passage away.
    public mutating func removeLast() {
        precondition(count > 0, "there is no passage to take away")
        for part in 1...3 {
            texts.removeLast(PassageBlock.length(lengths, at: lengths.count - 4 * part))
        }
        lengths.removeLast(12)
    }

    /// The block, as `PassageBlock.encode` would make it of the passages.
    public func block() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 + size)
        PassageBlock.append(count, to: &bytes)
        bytes += lengths
        bytes += texts
        return bytes
    }
}
