import Foundation

/// What befalls a file on a disk: a bit that flips, an end that is lost, the whole of it gone.
package enum Damage: Equatable, Sendable, CustomStringConvertible {
    case flip(byte: Int, bit: Int)
    case cut(length: Int)
    case removal

    /// How many cases a kind is tried with: few in the tests, `SHEAF_DAMAGE_CASES` in
    /// `scripts/verify damage`.
    package static func cases(_ few: Int, _ variable: String = "SHEAF_DAMAGE_CASES") -> Int {
        ProcessInfo.processInfo.environment[variable].flatMap { Int($0) } ?? few
    }

    /// Damages the file at `path` and says how; nil where there is nothing to damage.
    package static func inflict(on path: String, _ dice: inout Dice) throws -> Damage? {
        let url = URL(fileURLWithPath: path)
        var bytes = try Data(contentsOf: url)
        guard !bytes.isEmpty else { return nil }
        let damage: Damage
        switch dice.below(10) {
        case 0: damage = .removal
        case 1, 2: damage = .cut(length: dice.below(bytes.count))
        default: damage = .flip(byte: dice.below(bytes.count), bit: dice.below(8))
        }
        switch damage {
        case .flip(let byte, let bit):
            bytes[byte] ^= 1 << UInt8(bit)
            try bytes.write(to: url)
        case .cut(let length):
            try bytes.prefix(length).write(to: url)
        case .removal:
            try FileManager.default.removeItem(at: url)
        }
        return damage
    }

    package var description: String {
        switch self {
        case .flip(let byte, let bit): "bit \(bit) of byte \(byte) flipped"
        case .cut(let length): "cut to \(length) bytes"
        case .removal: "removed"
        }
    }
}
