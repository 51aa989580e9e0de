import ArgumentParser
import Foundation
import Sheaf

/// Seconds that one shard takes for some questions, and what reading its codes once takes.
struct ScanBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "Search one shard of random vectors in groups.",
        discussion: """
            With --folder the vectors are those of rows.f32 and questions.f32 in it, raw float32, \
            as scripts/peers/scan.py leaves them; without, others of the same kind are made.
            """)

    @Option(help: "Vectors.") var rows = 100_000
    @Option(help: "Components of a vector.") var dimension = 768
    @Option(help: "Hits for each question.") var k = 100
    @Option(help: "Questions asked together: one measurement for each number.")
    var questions = [1, 16, 128]
    @Option(help: "Threads.") var threads = 1
    @Option(help: "The index kind; may be given more than once.") var kind = ["exact"]
    @Option(help: "The metric.") var metric = "ip"
    @Option(help: "What segments hold: f32 or f16.") var vectors = "f32"
    @Option(help: "What stays in memory: vectors or codes.") var memory = "vectors"
    @Option(help: "A folder of vectors, see above.") var folder: String?
    @Option(help: "Measured runs, after one that is not.") var runs = 1

    func run() throws {
        guard let metric = Metric(rawValue: metric), let memory = ShardMemory(rawValue: memory),
            let precision = VectorPrecision(rawValue: vectors)
        else { throw ValidationError("Name a known --metric, --memory and --vectors.") }
        let input = try folder.map(ScanVectors.init(folder:)) ?? ScanVectors(rows, dimension)
        let asked = questions.max() ?? 0
        guard input.rows.count >= dimension, input.questions.count >= asked * dimension else {
            throw ValidationError("There are fewer than \(asked) questions.")
        }
        // Segments stay mapped when their files are gone.
        let segments = try withScratch { try input.segments(dimension, precision, in: $0) }

        var truth: [[Ordinal]] = []
        for kind in (kind.contains { $0 != "exact" } ? ["exact"] : []) + kind {
            let resident = Resident.bytes()
            let began = ContinuousClock.now
            let index = try ShardIndex(
                segments: segments, metric: metric, kind: kind, memory: memory)
            let build = (ContinuousClock.now - began) / .seconds(1)
            let found = try index.search(
                questions: Array(input.questions[..<(asked * dimension)]), count: asked, k: k,
                threads: threads
            ).map { $0.map(\.ordinal) }
            if truth.isEmpty { truth = found }
            let recall = zip(found, truth).reduce(0.0) { sum, pair in
                sum + Double(Set(pair.0).intersection(pair.1).count) / Double(max(1, pair.1.count))
            }
            guard self.kind.contains(kind) else { continue }
            var line = ScanMeasurement(
                kind: kind, rows: index.rows, dimension: dimension, k: k, threads: threads,
                memory: memory.rawValue, vectors: precision.rawValue, buildSeconds: build,
                residentBytes: Resident.bytes() - resident, recall: recall / Double(max(1, asked)))
            for count in questions {
                let part = Array(input.questions[..<(count * dimension)])
                for run in 0...runs {
                    let codes = index.secondsToReadCodes()
                    let began = ContinuousClock.now
                    _ = try index.search(questions: part, count: count, k: k, threads: threads)
                    line.seconds = (ContinuousClock.now - began) / .seconds(1)
                    line.questions = count
                    line.secondsToReadCodes = codes
                    if run > 0 { try line.printLine() }
                }
            }
        }
    }
}

/// One search, as it is printed.
private struct ScanMeasurement: Encodable {
    var what = "scan"
    var kind: String
    var rows: Int
    var dimension: Int
    var k: Int
    var threads: Int
    var memory: String
    var vectors: String
    var buildSeconds: Double
    var residentBytes: Int
    var recall: Double
    var questions = 0
    var seconds = 0.0
    /// Nil for kinds without codes.
    var secondsToReadCodes: Double?
}

/// Vectors and questions of a measurement.
struct ScanVectors {
    var rows: [Float]
    var questions: [Float]

    init(rows: [Float], questions: [Float]) {
        self.rows = rows
        self.questions = questions
    }

    init(folder: String) throws {
        rows = try Self.floats("\(folder)/rows.f32")
        questions = try Self.floats("\(folder)/questions.f32")
    }

    /// Vectors about 200 centres, and questions near some of them.
    init(_ count: Int, _ dimension: Int) {
        var dice = SystemRandomNumberGenerator()
        let centres = (0..<200 * dimension).map { _ in Self.normal(&dice) }
        rows = (0..<count).flatMap { _ in
            let centre = Int.random(in: 0..<200, using: &dice) * dimension
            return (0..<dimension).map { 0.6 * centres[centre + $0] + Self.normal(&dice) }
        }
        questions = []
        for _ in 0..<128 where count > 0 {
            let row = Int.random(in: 0..<count, using: &dice) * dimension
            for place in row..<row + dimension {
                questions.append(0.7 * rows[place] + 0.7 * Self.normal(&dice))
            }
        }
    }

    private static func normal(_ dice: inout SystemRandomNumberGenerator) -> Float {
        // Four uniform numbers come near enough to a normal one.
        let bits = UInt64.random(in: .min ... .max, using: &dice)
        let sum = (bits & 65535) + (bits >> 16 & 65535) + (bits >> 32 & 65535) + bits >> 48
        return (Float(sum) / 65536 - 2) * 1.732
    }

    private static func floats(_ path: String) throws -> [Float] {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        return unsafe [Float](unsafeUninitializedCapacity: data.count / 4) { floats, count in
            count = unsafe data.copyBytes(to: floats) / MemoryLayout<Float>.stride
        }
    }

    func segments(
        _ dimension: Int, _ precision: VectorPrecision, in folder: String
    ) throws -> [Segment] {
        try stride(from: 0, to: rows.count / dimension, by: 1024).map { first in
            let last = min(first + 1024, rows.count / dimension)
            let file = try Segment.write(
                SegmentContent(
                    firstOrdinal: Ordinal(UInt64(first)), dimension: dimension,
                    vectors: Array(rows[first * dimension..<last * dimension]),
                    passages: (first..<last).map { Passage(id: "\($0)", title: "", text: "") },
                    sourceDigest: "scan", batch: first / 1024, fingerprint: "scan",
                    precision: precision),
                folder: folder)
            return try Segment.open(path: file.path, expecting: file.sha256)
        }
    }
}
