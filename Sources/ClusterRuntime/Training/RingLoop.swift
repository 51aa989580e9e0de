import Base
import CZeroMQ
import ClusterCore
import Glibc
import Training

/// The two sockets of a rank and the loop that moves operations around the ring; used by the
/// ring's thread alone.
///
/// One operation moves at a time; the next begins as soon as all its bytes have left and come,
/// while ZeroMQ may still read what the one before lent it. The loop sends and receives as either
/// is possible, so no order of ranks can block the ring, and holds at most a few chunks.
final class RingLoop {
    /// How long a thread sleeps at most before it looks at the deadline.
    private static let nap: CInt = 100
    /// How long after the way on has broken messages are still read: they may say why.
    private static let lastWords = Duration.milliseconds(100)

    private let core: RingCore
    private let place: RingPlace
    private let settings: RingSettings
    private let lost: @Sendable (String, String) -> Void
    private var context: ZMQContext?
    private var before: RingSocket?
    private var next: RingSocket?
    private var current: RingWork?
    /// Operations whose bytes have all come, but which ZeroMQ still reads from.
    private var lending: [RingWork] = []
    private var hasLostBefore = false
    private var lostNext: ContinuousClock.Instant?
    private var lastProgress = ContinuousClock.now

    init(
        core: RingCore, place: RingPlace, settings: RingSettings, context: ZMQContext,
        before: RingSocket, next: RingSocket, lost: @escaping @Sendable (String, String) -> Void
    ) {
        self.core = core
        self.place = place
        self.settings = settings
        self.lost = lost
        self.context = context
        self.before = before
        self.next = next
    }

    /// Serves the ring until it is closed or aborted.
    func run() {
        do throws(CollectiveError) {
            while try turn() {}
            end(lingerMilliseconds: 500, nil)
        } catch {
            core.abort(error)
            // What differs from the others' operation is what shows them that it does.
            if case .mismatch = error {
                showOperation()
                end(lingerMilliseconds: 500, error)
            } else {
                end(lingerMilliseconds: 0, error)
            }
        }
    }

    /// Moves what can be moved, else sleeps; false when the ring is closed.
    private func turn() throws(CollectiveError) -> Bool {
        let isClosing = try takeWork()
        let hasMoved = try move()
        finishLending()
        if current == nil, isClosing, lending.isEmpty { return false }
        if hasMoved {
            lastProgress = .now
            return true
        }
        if canMove { return true }
        try checkNeighbours()
        try checkDeadline()
        sleep()
        return true
    }

    /// Takes the next operation where none is under way; whether the ring shall end.
    private func takeWork() throws(CollectiveError) -> Bool {
        let isIdle = current == nil
        let (work, abort, isClosing) = core.state.withLock { state in
            let work = isIdle && !state.waiting.isEmpty ? state.waiting.removeFirst() : nil
            return (work, state.abort, state.isClosing && state.waiting.isEmpty)
        }
        if let work {
            current = work
            lastProgress = .now
        }
        if let abort { throw abort }
        return isClosing
    }

    /// Sends and receives until neither is possible; whether anything moved.
    private func move() throws(CollectiveError) -> Bool {
        guard let work = current, let before, let next else { return false }
        var hasMoved = false
        var again = !work.progress.isDone
        while again {
            again = false
            if try send(work, next) { again = true }
            if try receive(work, before) { again = true }
            hasMoved = hasMoved || again
        }
        if work.progress.isDone {
            current = nil
            lending.append(work)
            hasMoved = true
        }
        return hasMoved
    }

    private func send(_ work: RingWork, _ socket: RingSocket) throws(CollectiveError) -> Bool {
        guard let chunk = work.progress.nextSend else { return false }
        let header = RingHeader(
            work.operation, rank: place.rank, step: chunk.step,
            offset: work.progress.offset(of: chunk))
        do {
            let isTaken = try socket.send(
                header: try pack(header),
                body: UnsafeMutableRawBufferPointer(rebasing: work.workspace[chunk.bytes]),
                loans: work.loans)
            if isTaken { work.progress.didSend(chunk) }
            return isTaken
        } catch {
            throw .transport("\(error)")
        }
    }

    private func receive(_ work: RingWork, _ socket: RingSocket) throws(CollectiveError) -> Bool {
        guard !work.progress.hasReceivedAll else { return false }
        let received = try socket.receive { header, bytes throws(CollectiveError) in
            guard let theirs = header.operation, theirs == work.operation else {
                throw mismatch(work.operation, header)
            }
            guard
                let (range, arrival) = work.progress.didReceive(
                    bytes: bytes.count, atStep: Int(header.step),
                    from: Int(clamping: header.offset)),
                // Floats that are added come whole.
                arrival == .store || bytes.count % MemoryLayout<Float>.stride == 0
            else { throw mismatch(work.operation, header) }
            work.take(bytes, at: range, arrival)
        }
        switch received {
        case .nothing: return false
        case .message: return true
        case .refused(let error):
            throw .transport("\(place.before) sent what cannot be read: \(error)")
        }
    }

    /// Lets the rank that follows see what this one does, where it has not yet.
    private func showOperation() {
        guard let work = current, let next else { return }
        for _ in 0..<500 {
            if (try? send(work, next)) ?? true { return }
            _ = next.events
            usleep(1_000)
        }
    }

    private func mismatch(
        _ ours: CollectiveOperation, _ header: RingHeader
    ) -> CollectiveError {
        guard let theirs = header.operation else {
            return .transport(
                "\(place.before) does what this release does not know (operation kind "
                    + "\(header.kind), element \(header.element)). Start all ranks with the same "
                    + "release.")
        }
        return .mismatch(
            ours: CollectiveSide(rank: place.rank, operation: ours),
            theirs: CollectiveSide(rank: Int(header.rank), operation: theirs))
    }

    /// Ends operations whose memory is back.
    private func finishLending() {
        while let work = lending.first, work.loans.areBack {
            lending.removeFirst()
            work.succeed()
        }
    }
}

// MARK: - Waiting

extension RingLoop {
    /// Whether ZeroMQ says that something can move; asking also re-arms its descriptors.
    private var canMove: Bool {
        let canReceive = (before?.events ?? 0) & CInt(ZMQ_POLLIN) != 0
        let canSend = (next?.events ?? 0) & CInt(ZMQ_POLLOUT) != 0
        guard let work = current else { return false }
        return canReceive && !work.progress.hasReceivedAll
            || canSend && work.progress.nextSend != nil
    }

    /// Throws where a neighbour that must do something is gone; tells of it where none must.
    private func checkNeighbours() throws(CollectiveError) {
        if !hasLostBefore, before?.hasLostConnection() == true {
            hasLostBefore = true
            lost(place.before, "its connection to \(place.name) ended")
        }
        if lostNext == nil, next?.hasLostConnection() == true {
            lostNext = .now
            lost(place.next, "its connection to \(place.name) ended")
        }
        guard let work = current else { return }
        // What came before the connection ended is read first: `canMove` said there is nothing.
        if hasLostBefore, !work.progress.hasReceivedAll, before?.events == 0 {
            throw .aborted(by: place.before, reason: "its connection to \(place.name) ended")
        }
        if let lostNext, !work.progress.hasSentAll, lostNext.duration(to: .now) > Self.lastWords {
            throw .aborted(by: place.next, reason: "its connection to \(place.name) ended")
        }
    }

    private func checkDeadline() throws(CollectiveError) {
        guard let work = current else { return }
        let waited = lastProgress.duration(to: .now)
        guard waited > settings.deadline else { return }
        throw .deadline(
            operation: work.operation,
            waitingFor: work.progress.hasReceivedAll ? place.nextRank : place.beforeRank,
            seconds: (settings.deadline / .milliseconds(1)) / 1000)
    }

    private func sleep() {
        let nap = lostNext == nil ? Self.nap : 10
        var polled = ((before?.descriptors ?? []) + (next?.descriptors ?? [])).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        polled.append(pollfd(fd: core.wakeup.descriptor, events: Int16(POLLIN), revents: 0))
        // An interrupted poll is a turn without work.
        _ = poll(&polled, nfds_t(polled.count), nap)
        core.wakeup.clear()
    }

    /// Closes the sockets, so that ZeroMQ reads nobody's memory, then tells who waits.
    private func end(lingerMilliseconds: CInt, _ error: CollectiveError?) {
        try? before?.handle.set(ZMQ_LINGER, to: lingerMilliseconds)
        try? next?.handle.set(ZMQ_LINGER, to: lingerMilliseconds)
        before = nil
        next = nil
        context = nil
        let waiting = core.state.withLock { state in
            defer { state.waiting = [] }
            state.hasEnded = true
            return state.waiting
        }
        let failure = error ?? .transport("This ring is closed. Form a new world.")
        for work in lending + (current.map { [$0] } ?? []) + waiting { work.fail(failure) }
        lending = []
        current = nil
    }
}
