/// Rules that the machines keep, each of which a simulation can break.
///
/// A simulator that finds nothing proves something only if it finds what is wrong: tests break one
/// rule after the other and expect a violation. Nothing else sets `broken` of a machine.
package enum ProtocolRule: String, CaseIterable, Sendable {
    /// A report on a lease counts only under the attempt on record.
    case attemptFence
    /// A worker heeds one coordinator: what an earlier or a later epoch says is not for it.
    case epochFence
    /// What an earlier life of a worker says late is not taken for its successor's.
    case incarnationFence
    /// The catalog holds one segment of a batch.
    case uniqueBatch
    /// What is reported or entered lies on disk, synced.
    case syncBeforePublish
    /// A generation serves once every shard of it is loaded.
    case loadBeforeServe
    /// A search is answered from the generation it pins.
    case pinnedAnswer
    /// A generation is unloaded once no search pins it.
    case unloadUnderPin
    /// A worker that computes nothing is given nothing.
    case leaseToReady
    /// A commit names a segment that its holder has.
    case segmentBeforeCommit
    /// No more bytes are under way to a worker than it granted.
    case creditWindow
    /// A run that goes on takes over what is committed already.
    case resumeFromInventory
}
