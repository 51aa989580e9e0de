import Base
import Corpus
import Formats
import Foundation

/// The checkpoints of a run: `step-000000042/` with parameters, moments and `state.json`.
///
/// Invariants:
/// 1. A folder with a final name is whole: files are written under another name, synced, then the
///    folder is renamed.
/// 2. `state.json` holds the SHA-256 of every other file and ends with its own; a folder that does
///    not match is damaged and never used.
struct CheckpointFolder {
    /// The folder that holds all checkpoints.
    let path: String
    private let identity: RunIdentity

    private static let version = 3
    /// The version before: its `state.json` has no digest of its own.
    private static let unsealedVersion = 2

    init(_ path: String, identity: RunIdentity) {
        self.path = path
        self.identity = identity
    }

    /// What is in a checkpoint.
    struct Content {
        var state: TrainingState
        /// The log as it was then; nil in checkpoints of earlier releases.
        var log: LogMark?
        /// Values of each parameter set.
        var parameters: [[Float]]
        /// Moments of each parameter set.
        var moments: [(first: [Float], second: [Float])]
    }

    private struct Version: Decodable { var version: Int }

    private struct Manifest: Codable {
        struct File: Codable {
            var sha256: String
            var floats: Int
        }

        var version: Int
        var identity: RunIdentity
        var state: TrainingState
        var log: LogMark?
        var files: [String: File]
    }

    static func name(_ step: Int) -> String {
        let digits = String(step)
        return "step-" + String(repeating: "0", count: max(0, 9 - digits.count)) + digits
    }

    /// The steps that have a checkpoint, the newest first.
    var steps: [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)),
                Self.name(step) == name
            else { return nil }
            return step
        }.sorted(by: >)
    }

    func path(of step: Int) -> String { path + "/" + Self.name(step) }

    /// Writes a checkpoint, whole or not at all, and gives its folder.
    ///
    /// - Throws: `TrainingError.cannotWrite`; nothing is left behind then.
    @discardableResult
    func write(_ content: Content) throws(TrainingError) -> String {
        let final = path(of: content.state.step)
        let partial = final + ".partial"
        do throws(TrainingError) {
            try DurableFolder.create(partial)
            var files: [String: Manifest.File] = [:]
            func add(_ name: String, _ values: [Float]) throws(TrainingError) {
                try DurableFolder.write(values, to: partial + "/" + name)
                let sha256 = values.withUnsafeBytes { Hexadecimal.text(Hexadecimal.sha256($0)) }
                files[name] = Manifest.File(sha256: sha256, floats: values.count)
            }
            for (index, values) in content.parameters.enumerated() {
                try add("parameters-\(index).f32", values)
            }
            for (index, moments) in content.moments.enumerated() {
                try add("moments-\(index)-first.f32", moments.first)
                try add("moments-\(index)-second.f32", moments.second)
            }
            let manifest = Manifest(
                version: Self.version, identity: identity, state: content.state, log: content.log,
                files: files)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            guard let json = try? encoder.encode(manifest) else {
                throw .cannotWrite(path: partial, reason: "a measured value is not finite")
            }
            try DurableFolder.write(SealedJSON.seal(json), to: partial + "/state.json")
            try? FileManager.default.removeItem(atPath: final)
            try DurableFolder.move(partial, to: final)
            try? FileManager.default.removeItem(atPath: aside(content.state.step))
        } catch {
            try? FileManager.default.removeItem(atPath: partial)
            throw error
        }
        return final
    }

    /// Takes a damaged checkpoint out of the way: it must not count among those that are kept.
    func setAside(_ step: Int) {
        try? FileManager.default.removeItem(atPath: aside(step))
        try? FileManager.default.moveItem(atPath: path(of: step), toPath: aside(step))
    }

    private func aside(_ step: Int) -> String { path(of: step) + ".damaged" }

    /// Removes all but the newest ones and the best one.
    func prune(keep: Int, best: Int?) {
        for step in steps.dropFirst(keep) where step != best {
            try? FileManager.default.removeItem(atPath: path(of: step))
        }
    }

    /// Reads a checkpoint whose shapes are known.
    ///
    /// - Throws: `checkpointOfAnotherRun` or `corruptCheckpoint`.
    func read(
        _ step: Int, parameters: [Int], moments: [(first: Int, second: Int)]
    ) throws(TrainingError) -> Content {
        let folder = path(of: step)
        let url = URL(fileURLWithPath: folder + "/state.json")
        guard let json = try? Data(contentsOf: url) else {
            throw .corruptCheckpoint(path: folder, reason: "state.json cannot be read")
        }
        let seal = SealedJSON.check(Array(json))
        guard seal != .broken else {
            throw .corruptCheckpoint(path: folder, reason: "state.json has another SHA-256")
        }
        guard let version = try? JSONDecoder().decode(Version.self, from: json).version,
            seal == .whole || version <= Self.unsealedVersion
        else { throw .corruptCheckpoint(path: folder, reason: "state.json cannot be read") }
        guard version == Self.version || version == Self.unsealedVersion else {
            throw .checkpointOfAnotherRun(
                path: folder, what: "version", expected: "\(Self.version)", found: "\(version)")
        }
        guard let manifest = try? JSONDecoder().decode(Manifest.self, from: json) else {
            throw .corruptCheckpoint(path: folder, reason: "state.json cannot be read")
        }
        if let difference = try identity.difference(from: manifest.identity) {
            throw .checkpointOfAnotherRun(
                path: folder, what: difference.name, expected: difference.own,
                found: difference.found)
        }
        func floats(_ name: String, _ count: Int) throws(TrainingError) -> [Float] {
            guard let file = manifest.files[name], file.floats == count else {
                throw .corruptCheckpoint(path: folder, reason: "\(name) is of another size")
            }
            guard
                let values = DurableFolder.floats(at: folder + "/" + name, count: count)
            else { throw .corruptCheckpoint(path: folder, reason: "\(name) is cut off") }
            let sha256 = values.withUnsafeBytes { Hexadecimal.text(Hexadecimal.sha256($0)) }
            guard sha256 == file.sha256 else {
                throw .corruptCheckpoint(path: folder, reason: "\(name) has another SHA-256")
            }
            return values
        }
        var content = Content(
            state: manifest.state, log: manifest.log, parameters: [], moments: [])
        for (index, count) in parameters.enumerated() {
            content.parameters.append(try floats("parameters-\(index).f32", count))
        }
        for (index, counts) in moments.enumerated() {
            content.moments.append(
                (
                    try floats("moments-\(index)-first.f32", counts.first),
                    try floats("moments-\(index)-second.f32", counts.second)
                ))
        }
        return content
    }
}
