import ArgumentParser
import Foundation
import Sheaf
import Training

/// The memory of a step with the gradient cache beside that of one of its chunks alone.
///
/// Each step is taken by a process of its own, and the most it ever held is what counts.
struct GradientCacheBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gradient-cache",
        abstract: "Measure the memory of a step in chunks beside that of one chunk.",
        discussion: """
            Questions of 32 tokens and one passage of 128 for each, two separate towers, dropout \
            as the model has it, AdamW.
            """)

    @Option(help: "The model folder; both towers start from it.") var model: String
    @Option(help: "Questions of the batch.") var batch = 256
    @Option(help: "Sequences of a chunk.") var chunk = 8
    @Option(help: ArgumentHelp("Take a step in this folder.", visibility: .hidden))
    var scratch: String?

    private struct Memory: Codable {
        /// Before the step: parameters, gradients, moments.
        var restingBytes: UInt64
        var peakBytes: UInt64
    }

    private struct Line: Encodable {
        var what = "gradient cache"
        var batch: Int
        var chunk: Int
        var restingBytes: UInt64
        var peakBytesOfChunk: UInt64
        var peakBytes: UInt64
        /// Of the whole processes.
        var ratio: Double
        /// Of what the steps took on top of what rests.
        var ratioOfSteps: Double
    }

    func run() throws {
        if let scratch { return try measure(scratch) }
        let alone = try memory(of: chunk)
        let all = try memory(of: batch)
        func step(_ memory: Memory) -> Double {
            Double(memory.peakBytes) - Double(memory.restingBytes)
        }
        let line = Line(
            batch: batch, chunk: chunk, restingBytes: alone.restingBytes,
            peakBytesOfChunk: alone.peakBytes, peakBytes: all.peakBytes,
            ratio: Double(all.peakBytes) / Double(alone.peakBytes),
            ratioOfSteps: step(all) / step(alone))
        try line.printLine()
    }

    private func memory(of size: Int) throws -> Memory {
        try withScratch { folder in
            try TrainingText(model: model).write(
                examples: 2 * size, to: folder + "/train.jsonl")
            let process = try ownProcess([
                "gradient-cache", "--model", model, "--batch", "\(size)", "--chunk", "\(chunk)",
                "--scratch", folder,
            ])
            process.waitUntilExit()
            let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/memory.json"))
            return try JSONDecoder().decode(Memory.self, from: data)
        }
    }

    /// Takes one step and ends the process.
    private func measure(_ folder: String) throws {
        var settings = TrainingText.settings(model: model, folder: folder)
        settings.batchSize = batch
        settings.input.hardNegatives = 0
        settings.memory.chunkSize = chunk
        let trainer = try Trainer(settings)
        // Loading took memory too; what counts begins here.
        try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
        let resting = try Self.status("VmRSS")
        var hooks = TrainingHooks()
        hooks.progress = { _ in
            do {
                let memory = Memory(restingBytes: resting, peakBytes: try Self.status("VmHWM"))
                try JSONEncoder().encode(memory).write(
                    to: URL(fileURLWithPath: folder + "/memory.json"))
                Foundation.exit(0)
            } catch {
                print("\(error)")
                Foundation.exit(1)
            }
        }
        _ = try trainer.run(hooks)
    }

    /// Bytes of a line of /proc/self/status.
    private static func status(_ name: String) throws -> UInt64 {
        let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        let fields = (line ?? "").split(whereSeparator: \.isWhitespace)
        return fields.count > 1 ? 1024 * (UInt64(fields[1]) ?? 0) : 0
    }
}
