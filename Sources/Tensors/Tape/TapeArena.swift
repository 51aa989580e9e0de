/// The memory of tapes: blocks given in order and taken back together, and blocks that come and go.
///
/// Kept between steps, so that a step touches no fresh pages. What is held follows the largest
/// recording: batches that grow little by little leave nothing behind.
public final class TapeArena {
    private var slabs: [FloatBuffer] = []
    private var position = Mark(slab: 0, used: 0, total: 0)
    /// The most floats that were given in order at one time.
    private var largest = 0
    private var free: [Block] = []
    /// Floats of the blocks that are out, and the most that were.
    private var taken = 0
    private var largestTaken = 0
    /// The most floats that were held at one time, used or not.
    public private(set) var largestCapacity = 0

    /// Least floats of a slab: 4 MiB.
    private static let slabSize = 1 << 20

    /// Makes an empty arena.
    public init() {}

    /// A block that is given back by hand.
    struct Block {
        let buffer: FloatBuffer
        var start: UnsafeMutablePointer<Float> { buffer.start }
    }

    /// How far the arena is filled.
    struct Mark {
        fileprivate var slab: Int
        fileprivate var used: Int
        fileprivate var total: Int
    }

    /// Floats held, used or not.
    public var capacity: Int {
        slabs.reduce(0) { $0 + $1.count } + free.reduce(0) { $0 + $1.buffer.count } + taken
    }

    /// `count` floats of any value, aligned to 64 bytes, until the arena is reset.
    func allocate(_ count: Int) -> UnsafeMutablePointer<Float> {
        let rounded = (count + 15) / 16 * 16
        position.total += rounded
        largest = max(largest, position.total)
        while position.slab < slabs.count {
            if position.used + rounded <= slabs[position.slab].count {
                defer { position.used += rounded }
                return slabs[position.slab].start + position.used
            }
            position.slab += 1
            position.used = 0
        }
        slabs.append(FloatBuffer(unset: max(rounded, Self.slabSize)))
        position.used = rounded
        largestCapacity = max(largestCapacity, capacity)
        return slabs[position.slab].start
    }

    /// The present filling.
    var mark: Mark { position }

    /// Takes back what was allocated since `mark`.
    func reset(to mark: Mark) {
        position = mark
    }

    /// Takes back everything allocated in order; one slab takes the place of several.
    public func reset() {
        position = Mark(slab: 0, used: 0, total: 0)
        if slabs.count > 1 {
            slabs = []
            slabs = [FloatBuffer(unset: largest + largest / 8)]
            largestCapacity = max(largestCapacity, capacity)
        }
        if free.reduce(0, { $0 + $1.buffer.count }) > 2 * largestTaken { free = [] }
    }

    /// A block of at least `count` floats of any value: the smallest free one that is not far too
    /// large, else a new one of one of four sizes per power of two.
    func take(_ count: Int) -> Block {
        var best: Int?
        for (index, block) in free.enumerated() where block.buffer.count >= count {
            if best.map({ block.buffer.count < free[$0].buffer.count }) ?? true { best = index }
        }
        let block: Block
        if let best, free[best].buffer.count <= 2 * max(count, 4096) {
            block = free.remove(at: best)
        } else {
            let quarter = max(1024, (1 << (Int.bitWidth - 1 - count.leadingZeroBitCount)) / 4)
            block = Block(buffer: FloatBuffer(unset: (count + quarter - 1) / quarter * quarter))
        }
        taken += block.buffer.count
        largestTaken = max(largestTaken, taken)
        largestCapacity = max(largestCapacity, capacity)
        return block
    }

    /// Gives a block back.
    func give(_ block: Block) {
        taken -= block.buffer.count
        free.append(block)
    }

    /// Runs `body` with a block of at least `count` floats of any value.
    func withScratch<Result>(
        _ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Result
    ) -> Result {
        let block = take(count)
        defer { give(block) }
        return body(block.start)
    }
}
