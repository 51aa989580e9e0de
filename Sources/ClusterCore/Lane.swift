/// One kind of traffic, with a connection of its own.
///
/// A connection is first in, first out: separate lanes keep a large chunk from delaying a
/// heartbeat. The order of cases is the order of precedence.
public enum Lane: Int, CaseIterable, Sendable {
    /// Membership, leases, small requests.
    case control
    /// Question vectors, hits, passages of hits.
    case query
    /// Chunks of passages and segments, under byte credits.
    case bulk
}
