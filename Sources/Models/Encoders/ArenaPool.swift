import Base

/// Scratch memory kept between calls, so that a single question does not pay for fresh pages.
final class ArenaPool: Sendable {
    private let free = Locked<[Slot]>([])

    // An arena in the pool belongs to nobody; one taken belongs to the thread that took it.
    private struct Slot: @unchecked Sendable {
        let arena: BertArena
    }

    func take() -> BertArena {
        free.withLock { $0.popLast() }?.arena ?? BertArena()
    }

    func give(_ arena: BertArena) {
        let slot = Slot(arena: arena)
        free.withLock { $0.append(slot) }
    }
}
