/// Which requests may be sent to workers, by the bytes that their answers may have.
///
/// A worker answers as much as it is asked for, and whoever asks must be able to hold all of it
/// until it is handled.
///
/// Request: asked → under way → ended, or asked → waits → under way …, or waits → given up, or
/// under way → overdue.
///
/// Invariants:
/// 1. Answers of one worker under way never exceed `perWorker` bytes, those of all workers never
///    `total`; an answer that is larger goes alone.
/// 2. What one worker is asked for goes in the order of asking. Workers that wait for room among
///    all take turns.
/// 3. A request under way counts until it is answered or its worker is lost: that nobody wants
///    the answer any more does not keep it from coming. It counts no longer than ``patience``
///    beyond its deadline, since a worker answers nothing then, and a message may be lost.
public struct AnswerWindow: Sendable {
    private struct Request {
        var worker: WorkerID
        var bytes: Int
        var deadline: Instant
        var isUnderWay = false
    }

    /// How long an answer is counted on beyond the deadline of its request.
    public static let patience: Duration = .seconds(1)

    private struct Line {
        var underWay = 0
        var waiting = Turns<UInt64>()
    }

    /// Bytes that the answers of one worker may have.
    public let perWorker: Int
    /// Bytes that the answers of all may have.
    public let total: Int
    private var requests: [UInt64: Request] = [:]
    private var lines: [WorkerID: Line] = [:]
    /// The workers that something waits for, in turn.
    private var turns = Turns<WorkerID>()
    /// Bytes that all answers under way may have.
    public private(set) var underWay = 0

    /// Makes a window with nothing under way.
    ///
    /// - Parameters:
    ///   - perWorker: Bytes, 1 or more.
    ///   - total: Bytes, 1 or more.
    public init(perWorker: Int, total: Int) {
        precondition(perWorker > 0 && total > 0, "room for \(perWorker) of \(total) bytes")
        self.perWorker = perWorker
        self.total = total
    }

    /// Whether a request waits or is under way.
    public func isKnown(_ request: UInt64) -> Bool { requests[request] != nil }

    /// Whether a request waits for its turn.
    public func waits(_ request: UInt64) -> Bool { requests[request]?.isUnderWay == false }

    /// Whether a request may be sent now; else a later call names it once it may.
    ///
    /// - Parameters:
    ///   - bytes: What its answer may have, 1 or more.
    ///   - deadline: When the worker is to answer at the latest.
    public mutating func ask(
        _ request: UInt64, bytes: Int, of worker: WorkerID, deadline: Instant
    ) -> Bool {
        precondition(bytes > 0, "an answer of \(bytes) bytes")
        requests[request] = Request(worker: worker, bytes: bytes, deadline: deadline)
        let line = lines[worker] ?? Line()
        lines[worker] = line
        let isFirst = line.waiting.isEmpty
        if isFirst, hasRoom(bytes, of: worker) {
            begin(request)
            return true
        }
        if isFirst { turns.append(worker) }
        lines[worker]?.waiting.append(request)
        return false
    }

    /// A worker has answered a request, or said that it cannot: the requests that may be sent now.
    public mutating func answered(_ request: UInt64, by worker: WorkerID) -> [UInt64] {
        guard requests[request]?.worker == worker, !waits(request) else { return [] }
        return ended(request)
    }

    /// A request could not be sent or, where it waits, is wanted no longer: the requests that may
    /// be sent now.
    public mutating func ended(_ request: UInt64) -> [UInt64] {
        guard let ended = requests.removeValue(forKey: request) else { return [] }
        if ended.isUnderWay {
            lines[ended.worker]?.underWay -= ended.bytes
            underWay -= ended.bytes
        } else {
            lines[ended.worker]?.waiting.remove(request)
        }
        forgetIfIdle(ended.worker)
        return go()
    }

    /// Time passes: answers that are overdue are counted on no longer; the requests that may be
    /// sent now.
    public mutating func tick(now: Instant) -> [UInt64] {
        let overdue = requests.filter {
            $0.value.isUnderWay && $0.value.deadline + Self.patience < now
        }
        return overdue.keys.sorted().flatMap { ended($0) }
    }

    /// A worker cannot be reached: what it was asked for has ended, and what waits for it is let
    /// go of; the requests to others that may be sent now.
    public mutating func lost(_ worker: WorkerID) -> [UInt64] {
        guard let line = lines.removeValue(forKey: worker) else { return [] }
        turns.remove(worker)
        underWay -= line.underWay
        requests = requests.filter { $0.value.worker != worker }
        return go()
    }

    private func hasRoom(_ bytes: Int, of worker: WorkerID) -> Bool {
        let own = lines[worker]?.underWay ?? 0
        return (own == 0 || own + bytes <= perWorker)
            && (underWay == 0 || underWay + bytes <= total)
    }

    private mutating func begin(_ request: UInt64) {
        guard let begun = requests[request] else { return }
        requests[request]?.isUnderWay = true
        lines[begun.worker]?.underWay += begun.bytes
        underWay += begun.bytes
    }

    /// Lets go what waits, each worker in turn, as far as there is room.
    private mutating func go() -> [UInt64] {
        var begun: [UInt64] = []
        // Workers that owe as much as one may are passed over, and keep their turns.
        var passed: [WorkerID] = []
        while let worker = turns.members.first, let next = lines[worker]?.waiting.members.first,
            let bytes = requests[next]?.bytes
        {
            let own = lines[worker]?.underWay ?? 0
            let isShare = own == 0 || own + bytes <= perWorker
            guard !isShare || hasRoom(bytes, of: worker) else { break }
            _ = turns.next()
            guard isShare else {
                passed.append(worker)
                continue
            }
            _ = lines[worker]?.waiting.next()
            begin(next)
            begun.append(next)
            if lines[worker]?.waiting.isEmpty == false { turns.append(worker) }
        }
        if !passed.isEmpty { turns.prepend(passed) }
        return begun
    }

    /// A worker that owes nothing and that nothing waits for has no line.
    private mutating func forgetIfIdle(_ worker: WorkerID) {
        guard let line = lines[worker], line.waiting.isEmpty else { return }
        turns.remove(worker)
        if line.underWay == 0 { lines[worker] = nil }
    }
}
