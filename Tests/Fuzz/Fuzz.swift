import ArgumentParser
import Foundation
import TestSupport

/// Feeds damaged files to the readers; built with the address sanitizer by `scripts/verify fuzz`.
///
/// A crash leaves its input under the folder it names first; the same seed makes it again.
@main
struct Fuzz: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "SheafFuzz", abstract: "Feed damaged files to the readers of files.")

    @Argument(help: "Readers, as --list names them; all where none is named.")
    var readers: [String] = []

    @Flag(help: "Name the readers, and feed nothing.") var list = false

    @Option(help: "Executions of each.") var executions = 1_000_000
    @Option(help: "The first seed.") var seed: UInt64 = 1
    @Option(help: "The goldens, whose small files inputs start from.")
    var goldens = "Tests/Fixtures/goldens"

    func run() throws {
        let known = FuzzedReader.all
        if list { return print(known.map(\.name).joined(separator: "\n")) }
        let chosen = readers.isEmpty ? known : known.filter { readers.contains($0.name) }
        guard readers.isEmpty || chosen.count == readers.count else {
            throw ValidationError("Readers are \(known.map(\.name).joined(separator: ", ")).")
        }
        let root = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"
        let folder = "\(root)/sheaf-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        print("inputs: \(folder)")
        for reader in chosen {
            let own = "\(folder)/\(reader.name)"
            try FileManager.default.createDirectory(
                atPath: own, withIntermediateDirectories: false)
            try reader.prepare(goldens, own)
            try run(reader, own)
        }
        try FileManager.default.removeItem(atPath: folder)
    }

    private func run(_ reader: FuzzedReader, _ folder: String) throws {
        let seeds = try reader.seeds(goldens)
        guard !seeds.isEmpty else {
            throw ValidationError("\(goldens) has no small files for \(reader.name).")
        }
        let mutator = Mutator(seeds: seeds, words: reader.words, limit: 16 << 10)
        let path = folder + "/" + reader.file
        let clock = ContinuousClock()
        let began = clock.now
        var dice = Dice(seed: seed)
        var accepted = 0
        var slowest = Duration.zero
        let before = ResidentMemory.now()
        ResidentMemory.forgetPeak()
        for _ in 0..<executions {
            try write(mutator.input(&dice), path)
            let start = clock.now
            if try reader.read(folder) { accepted += 1 }
            slowest = max(slowest, clock.now - start)
        }
        let memory = ResidentMemory.now()
        print(
            "\(reader.name): \(executions) executions from seed \(seed), \(accepted) accepted,"
                + " \(executions - accepted) refused, none crashed; the slowest took \(slowest);"
                + " \(clock.now - began) in all; memory \(before.now) MiB, then \(memory.now),"
                + " at most \(memory.peak)")
        // Hours may pass until the next line, and nobody reads what is not written.
        fflush(nil)
    }

    private func write(_ bytes: [UInt8], _ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw ValidationError("\(path) cannot be written.") }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else { throw ValidationError("\(path) cannot be written.") }
            written += count
        }
    }
}
