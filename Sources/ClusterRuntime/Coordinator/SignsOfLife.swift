import Base
import ClusterCore

/// Answers those who ask whether the coordinator lives: a HEARTBEAT that carries a request id.
///
/// On the reactor's thread, so that long work elsewhere is not taken for silence; a process that is
/// stopped, or cannot be reached, does not answer.
struct SignsOfLife: Sendable {
    let clusterID: String
    let epoch: UInt64
    let incarnation: UInt64
    private let reactor = Locked<Reactor?>(nil)

    init(clusterID: String, epoch: UInt64, incarnation: UInt64) {
        self.clusterID = clusterID
        self.epoch = epoch
        self.incarnation = incarnation
    }

    /// Answers from now on, until the reactor is stopped.
    func answer(through reactor: Reactor) { self.reactor.withLock { $0 = reactor } }

    func answer(_ inbound: Inbound) {
        guard case .message(let envelope, let origin) = inbound, let peer = origin.peer,
            case .heartbeat(let heartbeat) = envelope.message, envelope.requestID != 0
        else { return }
        // What cannot be queued is lost; it is asked again.
        try? reactor.withLock { $0 }?.send(
            Envelope(
                clusterID: clusterID, sender: "coordinator", incarnation: incarnation,
                epoch: epoch, requestID: envelope.requestID,
                message: .heartbeatAck(HeartbeatAck(progress: heartbeat.progress))),
            on: origin.lane, to: peer)
    }
}
