import Foundation
import TestSupport

@testable import Tokenizers

/// Writes small SentencePiece models, field by field.
struct SentencePieceWriter {
    var bytes: [UInt8] = []

    private mutating func number(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(value & 0x7F) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    mutating func integer(_ field: UInt64, _ value: UInt64) {
        number(field << 3)
        number(value)
    }

    mutating func float(_ field: UInt64, _ value: Float) {
        number(field << 3 | 5)
        for shift in stride(from: 0, to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(shift)))
        }
    }

    mutating func data(_ field: UInt64, _ value: [UInt8]) {
        number(field << 3 | 2)
        number(UInt64(value.count))
        bytes += value
    }

    mutating func piece(_ text: String, _ score: Float, kind: UInt64 = 1) {
        var piece = SentencePieceWriter()
        piece.data(1, Array(text.utf8))
        piece.float(2, score)
        if kind != 1 { piece.integer(3, kind) }
        data(1, piece.bytes)
    }

    /// The piece `<pad>` and the like with all bytes, then words; T5's order.
    static func small(
        map: [UInt8] = [],
        change: (inout SentencePieceWriter, inout SentencePieceWriter) -> Void =
            { _, _ in }
    ) -> [UInt8] {
        var file = SentencePieceWriter()
        file.piece("<pad>", 0, kind: 3)
        file.piece("</s>", 0, kind: 3)
        file.piece("<unk>", 0, kind: 2)
        for byte in 0..<256 {
            file.piece(
                "<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16).uppercased() + ">", 0,
                kind: 6)
        }
        file.piece("▁", -2)
        file.piece("a", -3)
        file.piece("b", -3.5)
        file.piece("▁ab", -4)
        file.piece("[user]", -1, kind: 4)
        var trainer = SentencePieceWriter()
        trainer.integer(3, 1)
        trainer.integer(35, 1)
        trainer.integer(40, 2)
        var normalizer = SentencePieceWriter()
        if !map.isEmpty { normalizer.data(2, map) }
        change(&trainer, &normalizer)
        file.data(2, trainer.bytes)
        file.data(3, normalizer.bytes)
        // A field from the future.
        file.data(99, [1, 2, 3])
        return file.bytes
    }

    /// A map of characters (darts-clone) of single letters.
    static func map(_ rules: [(from: UInt8, to: String)]) -> [UInt8] {
        var units = [UInt32](repeating: 0, count: 1024)
        var texts: [UInt8] = []
        // The root's children lie at 256 XOR their byte, the value of each behind them.
        units[0] = UInt32(256) << 10
        for (place, rule) in rules.enumerated() {
            let node = 256 ^ Int(rule.from)
            let leaf = 512 + place
            units[node] = UInt32(node ^ leaf) << 10 | 1 << 8 | UInt32(rule.from)
            units[leaf] = UInt32(texts.count) | 0x8000_0000
            texts += Array(rule.to.utf8) + [0]
        }
        var bytes: [UInt8] = []
        for number in [UInt32(units.count * 4)] + units {
            for shift in stride(from: 0, to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> UInt32(shift)))
            }
        }
        return bytes + texts
    }
}
