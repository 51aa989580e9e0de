import ClusterCore
import TestSupport
import Testing
import WireFuzz

@testable import ClusterRuntime

/// Each mutation must be refused, or be a message that is written and read as itself.
@Suite struct WireFuzzTests {
    private enum Outcome {
        case refused, read
    }

    private func check(_ frames: [[UInt8]], _ label: @autoclosure () -> String) -> Outcome {
        let envelope: Envelope
        do throws(WireError) {
            envelope = try Wire.decode(frames, limits: .query)
        } catch {
            return .refused
        }
        let again = try? Wire.decode(Wire.encode(envelope, limits: .query), limits: .query)
        #expect(again == envelope, "\(label())")
        return .read
    }

    /// Flips, removes, inserts, repeats or cuts bytes.
    private func mutate(_ bytes: [UInt8], _ random: inout Dice) -> [UInt8] {
        var bytes = bytes
        for _ in 0...random.below(3) {
            let place = random.below(bytes.count + 1)
            switch random.below(6) {
            case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(random.below(8))
            case 1 where place < bytes.count: bytes[place] = [0, 0x7f, 0x80, 0xff][random.below(4)]
            case 2 where place < bytes.count: bytes.remove(at: place)
            case 3: bytes.insert(UInt8(random.below(256)), at: place)
            case 4: bytes.insert(contentsOf: bytes.prefix(random.below(8)), at: place)
            default: bytes.removeLast(min(bytes.count, random.below(4)))
            }
        }
        return bytes
    }

    @Test func `mutated frames are refused or mean what they say`() throws {
        var random = try MessageDice(seed: 11)
        var outcomes: [Outcome: Int] = [:]
        for round in 0..<30_000 {
            let type = MessageType.allCases[round % MessageType.allCases.count]
            var frames = random.frames(type)
            let index = random.dice.below(frames.count)
            frames[index] = mutate(frames[index], &random.dice)
            outcomes[check(frames, "seed 11, round \(round)"), default: 0] += 1
        }
        #expect(outcomes[.refused, default: 0] > 20_000)
    }

    /// The checksum hides what lies behind it, so here the header is made to fit the mutation.
    @Test func `mutated payloads under a right checksum are refused or mean what they say`() throws
    {
        var random = try MessageDice(seed: 12)
        var outcomes: [Outcome: Int] = [:]
        for round in 0..<50_000 {
            let type = MessageType.allCases[round % MessageType.allCases.count]
            let payload = mutate(random.payload(type), &random.dice)
            let frames = WireFrames.message(Int(type.rawValue), payload, HeaderFields())
            outcomes[check(frames, "seed 12, round \(round)"), default: 0] += 1
        }
        #expect(outcomes[.refused, default: 0] > 10_000)
        #expect(outcomes[.read, default: 0] > 5_000)
    }

    @Test func `random bytes are refused`() {
        var random = Dice(seed: 13)
        for round in 0..<30_000 {
            let frames = (0..<random.below(5)).map { _ in
                let size = random.below(60)
                return random.bytes(size)
            }
            #expect(check(frames, "seed 13, round \(round)") == .refused)
        }
    }

    @Test(arguments: MessageType.allCases)
    func `random bytes as a payload are refused or mean what they say`(type: MessageType) throws {
        var random = Dice(seed: 14)
        for round in 0..<500 {
            let size = random.below(24)
            let payload = random.bytes(size)
            guard let message = try? Message.unpacked(type, payload) else { continue }
            #expect(
                try Message.unpacked(type, message.packed()) == message, "seed 14, round \(round)")
        }
    }
}
