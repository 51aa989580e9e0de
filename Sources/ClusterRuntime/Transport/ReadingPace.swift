import ClusterCore

/// How fast one peer is read from a lane that others share.
///
/// ZeroMQ gives the peers of a lane turns, but one that sends without pause would have the whole
/// time of the thread, and of those who handle what it sends. So a lane rests once a peer had its
/// share of a short interval: what the peer sends waits in its own connection, whose buffers fill
/// until it must wait itself; everybody else waits for the rest of the interval.
///
/// A peer that waits for answers never has its share: nothing rests then.
struct ReadingPace {
    private var interval = PacedInterval()
    private var counts: [PeerID: Int] = [:]

    /// Until when nothing is read.
    var rest: Instant? { interval.rest }

    /// Whether nothing is to be read now.
    mutating func rests(at now: Instant) -> Bool {
        let moment = interval.moment(at: now)
        if moment == .first { counts.removeAll(keepingCapacity: counts.count < 64) }
        return moment == .resting
    }

    /// A message was read; `share` is how many a peer may have in one interval.
    mutating func read(from peer: PeerID, share: Int) {
        counts[peer, default: 0] += 1
        if counts[peer, default: 0] >= share { interval.restUntilNext() }
    }
}
