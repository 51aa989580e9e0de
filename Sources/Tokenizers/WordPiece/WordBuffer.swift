/// The word being read: normalised bytes, their hash so far, and how many scalars they are.
///
/// Lives on the stack; a word longer than `scalarLimit` is counted no further, it is unknown.
struct WordBuffer {
    /// The longest words for which the buffer has room at four bytes a scalar.
    static let largestLimit = 128

    private(set) var bytes = InlineArray<512, UInt8>(repeating: 0)
    private(set) var count = 0
    private(set) var hash = ByteHash.seed
    private var scalars = 0
    private let scalarLimit: Int

    init(scalarLimit: Int) {
        self.scalarLimit = min(scalarLimit, Self.largestLimit)
    }

    var isEmpty: Bool { scalars == 0 }
    var isTooLong: Bool { scalars > scalarLimit }

    @inline(__always)
    mutating func append(ascii byte: UInt8) {
        scalars &+= 1
        if scalars > scalarLimit {
            scalars = scalarLimit + 1
            return
        }
        push(byte)
    }

    /// Appends bytes of `span`, which are so many scalars.
    @inline(__always)
    mutating func append(_ span: Span<UInt8>, from start: Int, to end: Int, scalars added: Int) {
        scalars &+= added
        if scalars > scalarLimit {
            scalars = scalarLimit + 1
            return
        }
        for index in start..<end { push(span[index]) }
    }

    @inline(__always)
    private mutating func push(_ byte: UInt8) {
        bytes[count] = byte
        count &+= 1
        hash = ByteHash.step(hash, byte)
    }

    @inline(__always)
    mutating func removeAll() {
        count = 0
        scalars = 0
        hash = ByteHash.seed
    }
}
