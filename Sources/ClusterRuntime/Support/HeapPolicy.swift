import CZeroMQ
import Foundation

/// How much freed memory the C library's heap keeps for later.
///
/// By default glibc keeps the more the larger the blocks are that were freed: after one of 32 MiB
/// each of its arenas, eight per core, keeps up to 64 MiB at its end, which `malloc_trim` leaves
/// alone. Messages are as large as that, so a worker that was asked for little would hold
/// hundreds of MiB. Fixed thresholds do not grow.
///
/// It is the program's to set, as ``set()`` does at its start: a library leaves the heap of its
/// host alone.
public enum HeapPolicy {
    /// Blocks from here on are mapped by themselves and returned when they are freed.
    static let mappedBytes: CInt = 8 << 20
    /// What an arena may keep at its end.
    static let keptBytes: CInt = 2 << 20
    /// Arenas at least: one core runs several threads.
    static let leastArenas = 4

    /// Sets it for this process; memory that is taken already stays where it is.
    public static func set() {
        mallopt(M_MMAP_THRESHOLD, mappedBytes)
        mallopt(M_TRIM_THRESHOLD, keptBytes)
        let cores = min(256, ProcessInfo.processInfo.activeProcessorCount)
        mallopt(M_ARENA_MAX, CInt(max(leastArenas, cores)))
    }
}
