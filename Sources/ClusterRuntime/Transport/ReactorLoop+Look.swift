import Base
import CZeroMQ
import ClusterCore
import Dispatch

/// The look at all connections, a few times a second: who must go, and who is tried again.
extension ReactorLoop {
    /// Time between two looks at the keys of those who are connected.
    private static let keyCheckInterval = Duration.milliseconds(250)
    /// When memory is given back after something large was let go of: ZeroMQ's thread frees it a
    /// moment later.
    private static let trimDelays: [Duration] = [.milliseconds(500), .seconds(4)]

    /// What waits to be sent, or to be handled, whose memory is worth giving back.
    static let muchWaiting = 8 << 20

    /// Looks at all connections, where a look is due.
    func lookAround() {
        let now = MonotonicClock.now()
        lookClosely(now: now)
        guard now >= nextLook else { return }
        let looks = 1 + connections.count / Self.connectionsPerLook
        nextLook = now + max(Self.leastLookInterval, Self.lookInterval / looks)
        for lane in Lane.allCases {
            if let retry = lines[lane.rawValue]?.retry, now >= retry { reconnect(lane) }
        }
        followMemory()
        if let trim = trims.first, now >= trim {
            trims.removeFirst()
            // It takes tens of milliseconds, in which messages would wait.
            DispatchQueue.global(qos: .utility).async { malloc_trim(0) }
        }
        guard connections.count > 0 else { return }
        // First who says too much: a stranger that does so is not silent.
        closeEndlessMessages()
        for entry in connections.silent(at: now) { close(entry, .silence) }
        guard now >= nextKeyCheck else { return }
        nextKeyCheck = now + Self.keyCheckInterval
        closeRemovedKeys()
    }

    /// Closes a connection whose peer is not known yet, or that breaks the protocol.
    func close(_ entry: ConnectionTable.Entry, _ reason: CloseReason) {
        if let peer = entry.peer { return disconnect(peer, reason) }
        if reason.isExcess { handshakes.sawExcess(at: MonotonicClock.now()) }
        connections.end(entry).shutDown(isAbrupt: reason.isExcess)
        giveBackMemory()
        tell(.closed(nil, reason), "\(reason)")
    }

    /// Tells the handler, unless it was told of the same kind just before.
    func tell(_ event: ConnectionEvent, _ kind: String) {
        if repetitions.isDue(kind, at: MonotonicClock.now()) { handler(.connection(event)) }
    }

    /// Gives memory back after much had waited to be sent.
    private func followMemory() {
        let bytes = core.state.withLock { $0.outbox.bytes }
        mostWaiting = max(mostWaiting, bytes)
        guard mostWaiting >= Self.muchWaiting, bytes < mostWaiting / 4 else { return }
        mostWaiting = bytes
        giveBackMemory()
    }

    /// Gives what is freed from now on back to the system, soon.
    func giveBackMemory() {
        let now = MonotonicClock.now()
        if trims.count < Self.trimDelays.count {
            trims = Self.trimDelays.map { now + $0 }
        } else {
            // The first comes when it was to come, however much follows.
            trims[trims.count - 1] = now + Self.trimDelays[trims.count - 1]
        }
    }

    /// Looks at some of the connections, all of them in turn.
    private func closeEndlessMessages() {
        if round.descriptors.isEmpty {
            let descriptors = connections.all.map(\.descriptor)
            unfinished.keep(Set(descriptors))
            locallyUnfinished.keep(Set(descriptors))
            round = (descriptors[...], Lane.allCases.map { connections.peers(on: $0) })
        }
        for descriptor in round.descriptors.prefix(Self.connectionsPerLook) {
            closeIfEndless(descriptor)
        }
        round.descriptors = round.descriptors.dropFirst(Self.connectionsPerLook)
    }

    /// Looks at those connections again that have just come, or of which much has come.
    private func lookClosely(now: Instant) {
        guard !suspects.isEmpty, now >= nextCloseLook else { return }
        nextCloseLook = now + Self.closeLookInterval
        // Over ipc nobody counts the bytes, and what is looked at there takes its time.
        for descriptor in suspects.take() where connections[descriptor]?.receivedBytes != nil {
            closeIfEndless(descriptor)
        }
    }

    private func closeIfEndless(_ descriptor: CInt) {
        guard let entry = connections[descriptor], !entry.isEnding,
            let line = lines[entry.lane.rawValue]
        else { return }
        if isEndless(entry, line) { return close(entry, .endlessMessage(entry.lane)) }
        if unfinished.isLong(entry) { suspects.note(descriptor) }
    }

    private func isEndless(_ entry: ConnectionTable.Entry, _ line: Line) -> Bool {
        guard let bytes = entry.receivedBytes else {
            return locallyUnfinished.look(
                at: entry, unread: entry.unreadBytes, isDry: line.isDry,
                residentBytes: ProcessFacts.residentBytes)
        }
        return unfinished.look(
            at: entry, bytes: bytes, unread: { entry.unreadBytes }, turns: line.reads,
            peers: round.peers.isEmpty ? 0 : round.peers[entry.lane.rawValue], isDry: line.isDry)
    }
}
