/// What a rank sends to the next one in a step of a ring, and what it takes from the one before.
///
/// Ranges are bytes of the rank's workspace.
public struct RingStep: Hashable, Sendable {
    /// What becomes of bytes that arrive.
    public enum Arrival: Hashable, Sendable {
        /// They replace what is there.
        case store
        /// They are floats, added to those that are there.
        case add
    }

    /// The bytes that leave.
    public var send: Range<Int>
    /// Where the bytes that come belong.
    public var receive: Range<Int>
    /// What becomes of them there.
    public var arrival: Arrival

    /// Creates a step.
    public init(send: Range<Int>, receive: Range<Int>, arrival: Arrival) {
        self.send = send
        self.receive = receive
        self.arrival = arrival
    }
}

/// A piece of a step that travels as one message.
public struct RingChunk: Hashable, Sendable {
    /// Position of the step in its operation.
    public var step: Int
    /// Bytes of the workspace.
    public var bytes: Range<Int>

    /// Creates a chunk.
    public init(step: Int, bytes: Range<Int>) {
        self.step = step
        self.bytes = bytes
    }
}

/// One rank's way through the steps of an operation on a ring.
///
/// States: the next chunk to send and the next to receive, each a step and a position in it.
/// Transitions: ``didSend(_:)`` and ``didReceive(bytes:atStep:from:)`` move one of them on.
///
/// Invariants:
/// 1. Chunks of a step are sent and received from front to back, steps in order.
/// 2. What step k + 1 sends lies within what step k received, and no byte leaves before it came.
/// 3. Every byte of every range is sent and received exactly once.
public struct RingProgress: Hashable, Sendable {
    /// The steps, first to last.
    public let steps: [RingStep]
    private let chunkBytes: Int
    private var sendStep = 0
    private var sendPosition = 0
    private var receiveStep = 0
    private var receivePosition = 0

    /// Starts an operation.
    ///
    /// - Parameter chunkBytes: the longest message, a multiple of 64 so that floats stay whole.
    public init(steps: [RingStep], chunkBytes: Int) {
        precondition(
            chunkBytes > 0 && chunkBytes % 64 == 0, "chunks of \(chunkBytes) bytes were asked for")
        for (before, after) in zip(steps, steps.dropFirst()) {
            precondition(
                after.send.isEmpty
                    || (before.receive.lowerBound <= after.send.lowerBound
                        && after.send.upperBound <= before.receive.upperBound),
                "\(after.send) leaves after \(before.receive) came")
        }
        self.steps = steps
        self.chunkBytes = chunkBytes
        sendPosition = steps.first?.send.lowerBound ?? 0
        receivePosition = steps.first?.receive.lowerBound ?? 0
        skipEmptySends()
        skipEmptyReceives()
    }

    /// Whether everything has left and everything has come.
    public var isDone: Bool { hasSentAll && hasReceivedAll }

    /// Whether everything has left.
    public var hasSentAll: Bool { sendStep == steps.count }

    /// Whether everything has come.
    public var hasReceivedAll: Bool { receiveStep == steps.count }

    /// The chunk that can leave now; nil where it has not come yet, or nothing is left.
    public var nextSend: RingChunk? {
        guard sendStep < steps.count else { return nil }
        let end = min(sendPosition + chunkBytes, steps[sendStep].send.upperBound)
        // Bytes of a step before the one that is being received are all there.
        let mustWait =
            sendStep > receiveStep + 1 || (sendStep == receiveStep + 1 && receivePosition < end)
        return mustWait ? nil : RingChunk(step: sendStep, bytes: sendPosition..<end)
    }

    /// Notes that ``nextSend`` has left.
    public mutating func didSend(_ chunk: RingChunk) {
        precondition(
            chunk.step == sendStep && chunk.bytes.lowerBound == sendPosition,
            "\(chunk) was sent at step \(sendStep), byte \(sendPosition)")
        sendPosition = chunk.bytes.upperBound
        guard sendPosition == steps[sendStep].send.upperBound else { return }
        sendStep += 1
        skipEmptySends()
    }

    /// Takes note of a message: where its bytes belong and what becomes of them.
    ///
    /// - Parameters:
    ///   - count: bytes of the message.
    ///   - step: the step that the sender says.
    ///   - offset: position in the step's range that the sender says.
    /// - Returns: nil where these are not the bytes whose turn it is.
    public mutating func didReceive(
        bytes count: Int, atStep step: Int, from offset: Int
    ) -> (bytes: Range<Int>, arrival: RingStep.Arrival)? {
        guard receiveStep < steps.count, step == receiveStep else { return nil }
        let range = steps[step].receive
        guard offset == receivePosition - range.lowerBound, count > 0,
            count <= range.upperBound - receivePosition
        else { return nil }
        let bytes = receivePosition..<receivePosition + count
        receivePosition = bytes.upperBound
        if receivePosition == range.upperBound {
            receiveStep += 1
            skipEmptyReceives()
        }
        return (bytes, steps[step].arrival)
    }

    /// Position of a chunk in the range of its step.
    public func offset(of chunk: RingChunk) -> Int {
        chunk.bytes.lowerBound - steps[chunk.step].send.lowerBound
    }

    private mutating func skipEmptySends() {
        while sendStep < steps.count, steps[sendStep].send.isEmpty { sendStep += 1 }
        if sendStep < steps.count { sendPosition = steps[sendStep].send.lowerBound }
    }

    private mutating func skipEmptyReceives() {
        while receiveStep < steps.count, steps[receiveStep].receive.isEmpty { receiveStep += 1 }
        if receiveStep < steps.count { receivePosition = steps[receiveStep].receive.lowerBound }
    }
}
