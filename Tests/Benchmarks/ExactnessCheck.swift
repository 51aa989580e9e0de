import ArgumentParser
import Dispatch
import Foundation
import Sheaf
import TestSupport

/// Compares the exact index with a brute force in float64, question by question.
struct ExactnessCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exactness",
        abstract: "Compare exact search with a brute force over encoded passages and odd vectors.",
        discussion: """
            Ends with an error where an id differs, other than between two rows whose scores are \
            as near as roundings of float64 can bring them.
            """)

    @Option(help: "The model folder.") var model: String
    @Option(help: "The corpus, whose vectors are the first set.") var corpus: String
    @Option(help: "Passages to encode.") var limit = 12_000
    @Option(help: "Questions asked of each set.") var questions = 10_000
    @Option(help: "Hits for each question.") var k = 20
    @Option(help: "Threads.") var threads = 2

    func run() throws {
        let encoder = try encoder(model, "float32")
        let input = try passages(of: corpus, limit: limit).map { ($0.title, $0.text) }
        let vectors = encoder.encode(passages: input, threads: threads)
        var sets = [VectorSet("passages", encoder.dimension, vectors)]
        sets += VectorSet.odd
        var differences = 0
        for set in sets {
            for metric in Metric.allCases {
                let outcome = try compare(set, metric)
                differences += outcome.differences
                try outcome.printLine()
            }
        }
        guard differences == 0 else { throw ValidationError("\(differences) answers differ.") }
    }

    private struct Outcome: Encodable {
        var what = "exactness"
        var set: String
        var metric: String
        var rows: Int
        var questions: Int
        var k: Int
        var differences: Int
        /// Answers with other ids whose scores differ by roundings of float64 alone.
        var ties: Int
    }

    private func compare(_ set: VectorSet, _ metric: Metric) throws -> Outcome {
        let asked = set.questions(questions)
        let found = try withScratch { scratch in
            let segments = try ScanVectors(rows: set.vectors, questions: asked)
                .segments(set.dimension, .float32, in: scratch)
            return try ShardIndex(segments: segments, metric: metric, kind: "exact")
                .search(questions: asked, count: questions, k: k, threads: threads)
                .map { $0.map { Int($0.ordinal.rawValue) } }
        }
        let plain = PlainSearch(set, metric)
        let verdicts = unsafe [PlainSearch.Verdict](unsafeUninitializedCapacity: questions) {
            all, count in
            count = questions
            nonisolated(unsafe) let all = unsafe all
            DispatchQueue.concurrentPerform(iterations: questions) { number in
                let first = number * set.dimension
                let question = asked[first..<first + set.dimension].map(Double.init)
                unsafe all.initializeElement(
                    at: number, to: plain.judge(found[number], question, k: k))
            }
        }
        return Outcome(
            set: set.name, metric: metric.rawValue, rows: plain.rows, questions: questions, k: k,
            differences: verdicts.count { $0 == .different }, ties: verdicts.count { $0 == .tied })
    }
}

/// Every score of every row, one term after the other in float64.
private struct PlainSearch {
    enum Verdict { case same, tied, different }

    let rows: Int
    private let dimension: Int
    private let metric: Metric
    private let vectors: [Double]
    private let norms: [Double]

    init(_ set: VectorSet, _ metric: Metric) {
        dimension = set.dimension
        rows = set.vectors.count / set.dimension
        self.metric = metric
        let vectors = set.vectors.map(Double.init)
        let dimension = set.dimension
        self.vectors = vectors
        norms = (0..<rows).map { row in
            vectors[row * dimension..<(row + 1) * dimension].reduce(0) { $0 + $1 * $1 }
                .squareRoot()
        }
    }

    /// What is to be said of the rows that were found: the first k by score, then by number.
    func judge(_ found: [Int], _ question: [Double], k: Int) -> Verdict {
        let length = question.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let scores = (0..<rows).map { score($0, question, length) }
        var best: [Int] = []
        for row in 0..<rows where best.count < k || scores[row] > scores[best[best.count - 1]] {
            var place = best.count
            while place > 0, scores[best[place - 1]] < scores[row] { place -= 1 }
            best.insert(row, at: place)
            if best.count > k { best.removeLast() }
        }
        if best == found { return .same }
        guard best.count == found.count, Set(found).count == found.count else { return .different }
        let isTied = zip(best, found).allSatisfy { expected, row in
            row < rows
                && abs(scores[expected] - scores[row])
                    <= Double(dimension) * 0x1p-50
                    * max(size(expected, length), size(row, length))
        }
        return isTied ? .tied : .different
    }

    private func score(_ row: Int, _ question: [Double], _ length: Double) -> Double {
        var sum = 0.0
        let first = row * dimension
        if metric == .l2 {
            for place in 0..<dimension {
                let difference = question[place] - vectors[first + place]
                sum -= difference * difference
            }
            return sum
        }
        for place in 0..<dimension { sum += question[place] * vectors[first + place] }
        guard metric == .cosine else { return sum }
        return length > 0 && norms[row] > 0 ? sum / length / norms[row] : 0
    }

    /// What the terms of a score come to, which its roundings go with.
    private func size(_ row: Int, _ length: Double) -> Double {
        switch metric {
        case .cosine: 1
        case .l2: (length + norms[row]) * (length + norms[row])
        case .innerProduct: length * norms[row]
        }
    }
}

/// Vectors to search, and how questions about them are made.
private struct VectorSet {
    var name: String
    var dimension: Int
    var vectors: [Float]

    init(_ name: String, _ dimension: Int, _ vectors: [Float]) {
        (self.name, self.dimension, self.vectors) = (name, dimension, vectors)
    }

    /// Sets that bounds and ties find hard.
    static var odd: [VectorSet] {
        var dice = Dice(seed: 5)
        let (rows, dimension) = (1500, 33)
        let plain = (0..<rows * dimension).map { _ in dice.value() }
        var gaps = plain
        for row in 1..<rows {
            for place in 0..<dimension {
                let nudge = place == row % dimension ? gaps[place].ulp * Float(row % 3) : 0
                gaps[row * dimension + place] = gaps[place] + nudge
            }
        }
        var norms = plain
        for place in norms.indices { norms[place] *= place / dimension % 7 == 0 ? 1e15 : 1e-12 }
        var zeros = plain
        for place in zeros.indices where place / dimension % 3 == 0 { zeros[place] = 0 }
        var single = [Float](repeating: 0, count: rows * dimension)
        for row in 0..<rows { single[row * dimension + row % dimension] = row % 2 == 0 ? 1 : -1 }
        return [
            VectorSet("random", dimension, plain),
            VectorSet("duplicates", dimension, plain.indices.map { plain[$0 % (10 * dimension)] }),
            VectorSet("huge and tiny norms", dimension, norms),
            VectorSet("gaps of one unit in the last place", dimension, gaps),
            VectorSet("zero vectors", dimension, zeros),
            VectorSet("one-hot", dimension, single),
        ]
    }

    /// Half of them random, half near a row.
    func questions(_ count: Int) -> [Float] {
        var dice = Dice(seed: 9)
        let rows = vectors.count / dimension
        return (0..<count).flatMap { number in
            let row = dice.below(rows) * dimension
            return (0..<dimension).map { place in
                let noise = dice.value()
                return number % 2 == 0 ? noise : vectors[row + place] * (1 + noise / 8)
            }
        }
    }
}

extension Dice {
    /// Uniform in -1...1.
    fileprivate mutating func value() -> Float { Float(next() >> 40) / Float(1 << 23) - 1 }
}
