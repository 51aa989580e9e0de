import Foundation
import TestSupport
import Testing

@testable import Training

/// A run of which a file was damaged while it stood: the same command ends with the same bits.
struct TrainingDamageTests {
    enum Kind: String, CaseIterable {
        case parameters, moments, state, log
    }

    @Test(arguments: Kind.allCases)
    func `a damaged file of a checkpoint, or the log, changes nothing of the result`(
        kind: Kind
    ) throws {
        let whole = try TemporaryFolder()
        let expected = try TrainerTests.run(try TrainerTests.settings(whole), until: 100)
        let base = try TemporaryFolder()
        _ = try TrainerTests.run(try TrainerTests.settings(base), until: 5)
        let cases = Damage.cases(30)
        for seed in 0..<cases {
            var dice = Dice(seed: UInt64(seed))
            let folder = try TemporaryFolder()
            try FileManager.default.copyItem(
                atPath: base.path + "/run", toPath: folder.path + "/run")
            let checkpoint = folder.path + "/run/checkpoints/step-000000005/"
            let path =
                switch kind {
                case .parameters: checkpoint + "parameters-0.f32"
                case .moments:
                    checkpoint + (dice.once(in: 2) ? "moments-0-first.f32" : "moments-0-second.f32")
                case .state: checkpoint + "state.json"
                case .log: folder.path + "/run/train_log.jsonl"
                }
            let damage = try Damage.inflict(on: path, &dice)
            let notes = TrainerTests.Notes()
            let bits = try TrainerTests.run(
                try TrainerTests.settings(folder), until: 100, notes: notes)
            let what = "seed \(seed): \(kind) \(damage.map { "\($0)" } ?? "untouched")"
            #expect(bits == expected, "\(what)")
            #expect(notes.texts.contains { $0.contains("damaged") }, "\(what): \(notes.texts)")
            let log = try folder.read("run/train_log.jsonl").split(separator: "\n")
            // What of the log is lost before every checkpoint does not come back.
            if kind != .log { #expect(log.count == 9, "\(what)") }
        }
        print("damage: training \(kind.rawValue): \(cases) of \(cases) healed by the same command")
    }

    @Test func `a torn last line of the log steps back to the checkpoint before it`() throws {
        let whole = try TemporaryFolder()
        let expected = try TrainerTests.run(try TrainerTests.settings(whole), until: 100)
        let folder = try TemporaryFolder()
        let settings = try TrainerTests.settings(folder)
        _ = try TrainerTests.run(settings, until: 5)
        let text = try folder.read("run/train_log.jsonl")
        try folder.write("run/train_log.jsonl", String(text.dropLast(9)))
        let notes = TrainerTests.Notes()
        #expect(try TrainerTests.run(settings, until: 100, notes: notes) == expected)
        #expect(notes.texts.contains { $0.contains("train_log.jsonl is damaged") })
        #expect(notes.texts.contains { $0.contains("step-000000004") }, "\(notes.texts)")
        let log = try folder.read("run/train_log.jsonl").split(separator: "\n")
        #expect(log.count == 9)
    }

    @Test func `a run whose checkpoints are all damaged begins again, and says so`() throws {
        let whole = try TemporaryFolder()
        let expected = try TrainerTests.run(try TrainerTests.settings(whole), until: 100)
        let folder = try TemporaryFolder()
        let settings = try TrainerTests.settings(folder)
        _ = try TrainerTests.run(settings, until: 5)
        for step in 3...5 { try folder.remove("run/checkpoints/step-00000000\(step)/state.json") }
        let notes = TrainerTests.Notes()
        #expect(try TrainerTests.run(settings, until: 100, notes: notes) == expected)
        #expect(notes.texts.last?.contains("begins at the first step") == true)
    }

    @Test func `a checkpoint of an earlier release, whose state has no digest, opens`() throws {
        let whole = try TemporaryFolder()
        let expected = try TrainerTests.run(try TrainerTests.settings(whole), until: 100)
        let folder = try TemporaryFolder()
        let settings = try TrainerTests.settings(folder)
        _ = try TrainerTests.run(settings, until: 5)
        try folder.edit("run/checkpoints/step-000000005/state.json") { text in
            text.replacing(/,"sha256":"[0-9a-f]{64}"}$/, with: "\n}")
                .replacing("\"version\" : 3", with: "\"version\" : 2")
                .replacing(/"log" : \{[^}]*\},/, with: "")
        }
        let notes = TrainerTests.Notes()
        #expect(try TrainerTests.run(settings, until: 100, notes: notes) == expected)
        #expect(notes.texts.count == 1 && notes.texts[0].contains("step-000000005"))
    }
}
