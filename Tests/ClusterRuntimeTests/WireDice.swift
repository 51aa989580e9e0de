// Random values from a seed, so that a failure can be run again.

import ClusterCore
import TestSupport
import WireFuzz

@testable import ClusterRuntime

extension Dice {
    mutating func callAsFunction() -> Bool { Bool.random(using: &self) }

    /// Small and large numbers alike, since protocol buffers write them with different lengths.
    mutating func callAsFunction() -> UInt32 { UInt32(truncatingIfNeeded: self() as UInt64) }

    mutating func callAsFunction() -> UInt64 { next() >> UInt64(below(65)) }
}

extension MessageDice {
    init(seed: UInt64) throws {
        self.init(seed: seed, schema: try ProtoSchema.ours.get())
    }

    /// The payload of a message of a type.
    mutating func payload(_ type: MessageType, _ manner: Manner = .within) -> [UInt8] {
        payload(type.protoName, manner)
    }

    /// The frames of a message of a type within all limits, with up to three raw frames.
    mutating func frames(_ type: MessageType) -> [[UInt8]] {
        var fields = HeaderFields()
        fields.clusterID = ["", "c1", "cluster-7"][dice.below(3)]
        fields.sender = ["", "w", "worker-1"][dice.below(3)]
        fields.incarnation = dice()
        fields.epoch = dice() % (1 << 31)
        fields.requestID = dice() % (1 << 63)
        fields.attempt = dice() % (1 << 63)
        fields.budgetMicroseconds = dice() % 86_400_000_001
        fields.credit = dice() % (1 << 30)
        let payload = payload(type)
        let raw = (0..<dice.below(4)).map { _ in
            let size = dice.below(40)
            return dice.bytes(size)
        }
        return WireFrames.message(Int(type.rawValue), payload, raw: raw, fields)
    }

    /// A message of a type within all limits, with up to three raw frames.
    mutating func envelope(_ type: MessageType) throws -> Envelope {
        try Wire.decode(frames(type), limits: .query)
    }
}

extension MessageType {
    /// The message that carries this type, as `proto/` calls it.
    var protoName: String { "\(self)".prefix(1).uppercased() + "\(self)".dropFirst() }
}
