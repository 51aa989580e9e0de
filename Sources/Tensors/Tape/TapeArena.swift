/// The memory of tapes: blocks given in order and taken back together, and blocks that come and go.
///
/// Kept between steps, so that a step touches no fresh pages.
public final class TapeArena {
    private var slabs: [FloatBuffer] = []
    private var slab = 0
    private var used = 0
    private var free: [Block] = []

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
        fileprivate let slab: Int
        fileprivate let used: Int
    }

    /// Floats held, used or not.
    public var capacity: Int {
        slabs.reduce(0) { $0 + $1.count } + free.reduce(0) { $0 + $1.buffer.count }
    }

    /// `count` floats of any value, aligned to 64 bytes, until the arena is reset.
    func allocate(_ count: Int) -> UnsafeMutablePointer<Float> {
        let rounded = (count + 15) / 16 * 16
        while slab < slabs.count {
            if used + rounded <= slabs[slab].count {
                defer { used += rounded }
                return slabs[slab].start + used
            }
            slab += 1
            used = 0
        }
        slabs.append(FloatBuffer(unset: max(rounded, Self.slabSize)))
        used = rounded
        return slabs[slab].start
    }

    /// The present filling.
    var mark: Mark { Mark(slab: slab, used: used) }

    /// Takes back what was allocated since `mark`.
    func reset(to mark: Mark) {
        slab = mark.slab
        used = mark.used
    }

    /// Takes back everything allocated.
    public func reset() {
        slab = 0
        used = 0
    }

    /// A block of at least `count` floats of any value, the smallest free one that is not far too
    /// large.
    func take(_ count: Int) -> Block {
        var best: Int?
        for (index, block) in free.enumerated() where block.buffer.count >= count {
            if best.map({ block.buffer.count < free[$0].buffer.count }) ?? true { best = index }
        }
        if let best, free[best].buffer.count <= 2 * max(count, 4096) {
            return free.remove(at: best)
        }
        return Block(buffer: FloatBuffer(unset: count))
    }

    /// Gives a block back.
    func give(_ block: Block) {
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
