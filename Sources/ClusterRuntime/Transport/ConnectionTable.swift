import ClusterCore
import Glibc

/// The connections that others made to this process, and whose they are.
///
/// ZeroMQ tells of descriptors that were accepted and closed, and each message carries the
/// descriptor that it came through and the number that its connection was given when it was let
/// in. Descriptors are used again, so neither says by itself which connection a message is of.
///
/// One counter gives numbers to acceptances and to admissions, in the order in which this
/// process hears of them; it always hears of an acceptance before it admits that connection.
///
/// Invariants:
/// 1. An entry is a connection that was accepted and whose end is not known yet.
/// 2. A message with number `n` belongs to the entry of its descriptor only if that was accepted
///    before `n`. A later one is another connection: the message's own has ended.
/// 3. An entry that has a number keeps it.
/// 4. A peer has at most one connection per lane: the newest.
struct ConnectionTable {
    /// One connection.
    struct Entry: Equatable {
        let lane: Lane
        let descriptor: CInt
        /// What tells the socket behind the descriptor from every other, for ever: its inode.
        let inode: UInt64
        let accepted: UInt64
        let since: Instant
        /// Its number, once a message has come.
        fileprivate(set) var number: UInt64?
        /// Messages that came over it.
        fileprivate(set) var messages: UInt64 = 0
        /// Whether it is being ended, and ZeroMQ has not told so yet.
        fileprivate(set) var isEnding = false
        fileprivate(set) var peer: PeerID?
        fileprivate(set) var key: String?
    }

    /// What is to be done with a message.
    enum Verdict: Equatable {
        case deliver
        /// Its peer was disconnected after it had been let in.
        case refuse
    }

    /// How long a peer that was disconnected is remembered: longer than messages lie unread.
    private static let memory = Duration.seconds(60)
    /// How long a connection may be silent before its first message; whoever keeps to the
    /// protocol says HELLO at once.
    static let silence = Duration.seconds(5)

    /// The most connections that there may be.
    let limit: Int
    private var last: UInt64 = 0
    private var entries: [CInt: Entry] = [:]
    private var endings = 0
    /// Those that had sent nothing when they were last looked at, the oldest first.
    private var strangers = Strangers()
    private var held: [PeerID: [CInt]] = [:]
    private var disconnected: [PeerID: (number: UInt64, at: Instant)] = [:]

    init(limit: Int = .max) {
        self.limit = limit
    }

    /// How many connections there are.
    var count: Int { entries.count }

    /// The connection of a descriptor.
    subscript(descriptor: CInt) -> Entry? { entries[descriptor] }

    /// Every connection, in no order.
    var all: some Collection<Entry> { entries.values }

    /// Whether any connection proved a key.
    var hasKeys: Bool { entries.values.contains { $0.key != nil } }

    /// The number of a connection that is let in now.
    mutating func admit() -> UInt64 {
        last += 1
        return last
    }

    /// How many connections of a lane have sent something.
    func peers(on lane: Lane) -> Int {
        entries.values.count { $0.lane == lane && $0.peer != nil }
    }

    /// A connection was accepted: the one that must go for it, if there are too many.
    ///
    /// That is the one that has been silent for the longest, else the new one.
    mutating func accepted(
        _ descriptor: CInt, inode: UInt64, on lane: Lane, at now: Instant
    ) -> Entry? {
        remove(descriptor)
        last += 1
        let entry = Entry(
            lane: lane, descriptor: descriptor, inode: inode, accepted: last, since: now)
        entries[descriptor] = entry
        strangers.append(entry)
        guard entries.count - endings > limit else { return nil }
        return nextStranger().map { end($0) }
    }

    /// Connections that have been silent for too long; they are being ended from now on.
    mutating func silent(at now: Instant) -> [Entry] {
        var silent: [Entry] = []
        while let entry = nextStranger(), now - entry.since > Self.silence {
            silent.append(end(entry))
        }
        return silent
    }

    /// The connection that has been silent for the longest, and is not being ended.
    private mutating func nextStranger() -> Entry? {
        while let (descriptor, accepted) = strangers.first {
            if let entry = entries[descriptor], entry.accepted == accepted, entry.peer == nil,
                !entry.isEnding
            {
                return entry
            }
            strangers.removeFirst()
        }
        return nil
    }

    /// Takes note that a connection is being ended.
    mutating func end(_ entry: Entry) -> Entry {
        guard entries[entry.descriptor]?.isEnding == false else { return entry }
        entries[entry.descriptor]?.isEnding = true
        endings += 1
        return entry
    }

    /// A connection ended: whose it was, where its peer has sent something and has no newer one.
    mutating func ended(_ descriptor: CInt) -> PeerID? {
        let peer = entries[descriptor]?.peer
        remove(descriptor)
        return peer
    }

    /// Whether a message is of a connection that has sent one before.
    func knows(_ origin: Origin) -> Bool {
        entries[origin.descriptor]?.number == origin.number
    }

    /// A message came: what is to be done with it, and the connection that its peer had before.
    mutating func received(
        _ origin: Origin, from peer: PeerID, on lane: Lane
    ) -> (verdict: Verdict, replaced: Entry?) {
        if let ended = disconnected[peer], origin.number <= ended.number { return (.refuse, nil) }
        if knows(origin) {
            entries[origin.descriptor]?.messages += 1
            return (.deliver, nil)
        }
        guard let entry = entries[origin.descriptor], entry.number == nil, entry.lane == lane,
            entry.accepted < origin.number
        else { return (.deliver, nil) }
        let before = held[peer]?.compactMap { entries[$0] }.first { $0.lane == lane }
        if let before { remove(before.descriptor) }
        entries[origin.descriptor]?.number = origin.number
        entries[origin.descriptor]?.messages = 1
        entries[origin.descriptor]?.peer = peer
        entries[origin.descriptor]?.key = origin.key
        held[peer, default: []].append(origin.descriptor)
        return (.deliver, before)
    }

    /// Takes a peer's connections out; what was let in so far is refused from now on.
    mutating func disconnect(_ peer: PeerID, at now: Instant) -> [Entry] {
        disconnected = disconnected.filter { now - $0.value.at < Self.memory }
        disconnected[peer] = (last, now)
        let connections = (held[peer] ?? []).compactMap { entries[$0] }
        for entry in connections { remove(entry.descriptor) }
        return connections
    }

    private mutating func remove(_ descriptor: CInt) {
        guard let entry = entries.removeValue(forKey: descriptor) else { return }
        if entry.isEnding { endings -= 1 }
        guard let peer = entry.peer else { return }
        held[peer]?.removeAll { $0 == descriptor }
        if held[peer]?.isEmpty == true { held[peer] = nil }
    }
}

/// Where a message came from, as its connection's handshake put it on record.
struct Origin: Equatable {
    /// The number that its connection was given when it was let in.
    var number: UInt64
    /// The descriptor of the connection, which may have been closed since.
    var descriptor: CInt
    /// The key that the other side proved.
    var key: String?
}

/// Connections in the order in which they were accepted, by descriptor and number.
private struct Strangers {
    private var order: [(descriptor: CInt, accepted: UInt64)] = []
    private var head = 0

    var first: (descriptor: CInt, accepted: UInt64)? { head < order.count ? order[head] : nil }

    mutating func append(_ entry: ConnectionTable.Entry) {
        order.append((entry.descriptor, entry.accepted))
    }

    mutating func removeFirst() {
        head += 1
        // Constant cost on average.
        guard head * 2 > order.count else { return }
        order.removeFirst(head)
        head = 0
    }
}
