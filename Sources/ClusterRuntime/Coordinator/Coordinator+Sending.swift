import Base
import ClusterCore
import Logging

/// What the coordinator sends, and to whom.
extension Coordinator {
    /// Sends to a worker; false when it cannot even be queued.
    @discardableResult
    func send(
        _ message: Message, to worker: WorkerID, on lane: Lane, requestID: UInt64 = 0,
        attempt: UInt64 = 0, budget: Duration? = nil, frames: [[UInt8]] = []
    ) -> Bool {
        guard let peer = peers[worker] else { return false }
        return transmit(
            message, to: peer, on: lane, requestID: requestID, attempt: attempt, budget: budget,
            frames: frames)
    }

    /// Answers a client.
    func reply(_ message: Message, to client: ClientAddress, frames: [[UInt8]] = []) {
        transmit(
            message, to: client.peer, on: client.lane, requestID: client.requestID, frames: frames)
    }

    /// Answers whoever it is.
    func reply(_ message: Message, to peer: PeerID, on lane: Lane, requestID: UInt64 = 0) {
        transmit(message, to: peer, on: lane, requestID: requestID)
    }

    /// Whoever waits for an answer is told that there will be none.
    func refuseUnexpected(_ envelope: Envelope, _ peer: ClientAddress) {
        guard envelope.requestID != 0 else { return }
        let message = "\(envelope.message.type) is not for a coordinator. Check the sender."
        reply(.failure(Failure(code: .input, message: message)), to: peer)
    }

    /// What came is no message: its sender is told, where he can know what is meant.
    func refused(_ error: WireError, _ frames: RefusedFrames) {
        let (peer, lane) = (frames.origin.peer, frames.origin.lane)
        if isWorthALine("refused \(peer?.description ?? "")") {
            log.warning("refused a message on the \(lane) lane: \(error)")
        }
        guard let peer, let failure = error.answer else { return }
        post?.send(
            .failure(failure), to: peer, on: lane, requestID: frames.requestID,
            version: error.answerVersion)
        guard failure.code == .input, let greeting = greetings[peer], greeting.role == .worker,
            greeting.key == frames.origin.key, greeting.incarnation == frames.incarnation
        else { return }
        handle(
            .worker(
                .unreadable(failure.message, Attempt(frames.attempt), from: greeting.worker)))
    }

    @discardableResult
    private func transmit(
        _ message: Message, to peer: PeerID, on lane: Lane, requestID: UInt64 = 0,
        attempt: UInt64 = 0, budget: Duration? = nil, frames: [[UInt8]] = []
    ) -> Bool {
        post?.send(
            message, to: peer, on: lane, requestID: requestID, attempt: attempt, budget: budget,
            frames: frames) ?? false
    }

    /// The endpoint of `lane`, as it was bound.
    func endpoint(of lane: Lane) -> String { endpoints[lane] ?? "" }
}

/// How a coordinator's messages leave: whoever answers in its name sends through this.
struct CoordinatorPost: Sendable {
    let clusterID: String
    let epoch: UInt64
    let incarnation: UInt64
    let reactor: Reactor
    let log: Logger
    private let repetitions = Locked(Repetitions<PeerID>(every: .seconds(10)))

    /// Makes one that sends through `reactor`.
    init(clusterID: String, epoch: UInt64, incarnation: UInt64, reactor: Reactor, log: Logger) {
        self.clusterID = clusterID
        self.epoch = epoch
        self.incarnation = incarnation
        self.reactor = reactor
        self.log = log
    }

    /// Sends a message; false where it cannot even be queued.
    @discardableResult
    func send(
        _ message: Message, to peer: PeerID, on lane: Lane, requestID: UInt64 = 0,
        attempt: UInt64 = 0, budget: Duration? = nil, version: UInt32? = nil,
        frames: [[UInt8]] = []
    ) -> Bool {
        let envelope = Envelope(
            clusterID: clusterID, sender: "coordinator", incarnation: incarnation, epoch: epoch,
            requestID: requestID, attempt: attempt, budgetMicroseconds: budget?.microseconds ?? 0,
            wireVersion: version, message: message, frames: frames)
        log.trace("to \(peer) on \(lane): \(message.type) \(requestID) \(attempt)")
        do {
            try reactor.send(envelope, on: lane, to: peer)
            return true
        } catch {
            let isDue = repetitions.withLock { $0.isDue(peer, at: MonotonicClock.now()) }
            if isDue { log.warning("cannot send \(message.type): \(error)") }
            return false
        }
    }
}
