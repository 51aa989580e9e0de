/// Reads what a rank has told the others; nothing in it is believed before it is looked at.
///
/// Ranks are other processes, perhaps on other hosts: what they say must not end this one.
struct RankRecord {
    /// Beyond this no number counts anything; the sum of all ranks' does not overflow.
    private static let mostCounted: UInt64 = 1 << 40

    private let bytes: [UInt8]
    private let rank: Int
    private var at = 0

    /// What a rank has told, as ``ByteRecord`` made it.
    init(_ bytes: [UInt8], of rank: Int) {
        self.bytes = bytes
        self.rank = rank
    }

    /// Whether everything was read.
    var isAtEnd: Bool { at == bytes.count }

    /// The next 64 bits.
    mutating func bits() throws(CollectiveError) -> UInt64 {
        guard bytes.count - at >= 8 else { throw fault("a number is cut off") }
        var number: UInt64 = 0
        for index in 0..<8 { number |= UInt64(bytes[at + index]) << UInt64(8 * index) }
        at += 8
        return number
    }

    /// The next number, which may be any.
    mutating func real() throws(CollectiveError) -> Double { Double(bitPattern: try bits()) }

    /// How many there are of something.
    mutating func count() throws(CollectiveError) -> Int {
        let number = try bits()
        guard number <= Self.mostCounted else { throw fault("\(number) of something") }
        return Int(number)
    }

    /// The place of something in a list of `count`.
    mutating func index(below count: Int) throws(CollectiveError) -> Int {
        let number = try bits()
        guard number < UInt64(count) else { throw fault("place \(number) of \(count)") }
        return Int(number)
    }

    /// The next text.
    mutating func text() throws(CollectiveError) -> String {
        let length = try count()
        guard length <= bytes.count - at else { throw fault("a text is cut off") }
        at += length
        return String(decoding: bytes[at - length..<at], as: UTF8.self)
    }

    /// Throws where anything is left.
    func expectEnd() throws(CollectiveError) {
        guard isAtEnd else { throw fault("\(bytes.count - at) bytes are left over") }
    }

    private func fault(_ what: String) -> CollectiveError {
        .implausible(rank: rank, what: what)
    }
}

extension CollectiveGroup {
    /// What each rank has told, to be read.
    func records(_ own: ByteRecord) throws(CollectiveError) -> [RankRecord] {
        try allGather(bytes: own.bytes).enumerated().map { RankRecord($1, of: $0) }
    }

    /// The rows of all ranks, of each as many as all know.
    func allGather(
        rows: [Float], width: Int, expecting counts: [Int]
    ) throws(CollectiveError) -> [Float] {
        let all = try allGather(rows: rows, width: width)
        for (rank, (found, expected)) in zip(all.counts, counts).enumerated()
        where found != expected {
            throw .implausible(rank: rank, what: "\(found) rows instead of \(expected)")
        }
        return all.values
    }
}
