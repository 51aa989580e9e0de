import Foundation

/// How often answers are wrong when only the surest are given, and how true their probabilities
/// are.
///
/// Answers of one confidence are given together or not at all. Sources: El-Yaniv and Wiener 2010,
/// §2 (risk and coverage); Guo et al. 2017, §2 (expected calibration error); Geifman and El-Yaniv
/// 2017, §3 (a bound on the risk).
public struct SelectiveRisk: Equatable, Sendable {
    /// What comes of giving all answers from one confidence up.
    public struct Point: Equatable, Sendable {
        /// The least confidence that is given.
        public var threshold: Double
        /// Share of questions that are answered.
        public var coverage: Double
        /// Share of those whose answer is wrong.
        public var risk: Double
        /// Answers that are given.
        public var given: Int
        /// The wrong ones among them.
        public var wrong: Int
    }

    /// Bins of the expected calibration error, of equal width.
    public static let bins = 15

    /// The curve, from the surest answers to all.
    public let curve: [Point]
    /// Mean over answers of the risk of giving it and all that are at least as sure; nil without
    /// answers.
    public let area: Double?
    private let answers: [(confidence: Double, isRight: Bool)]

    /// Measures answers with their confidence.
    public init(_ answers: [(confidence: Double, isRight: Bool)]) {
        self.answers = answers.sorted { $0.confidence > $1.confidence }
        var curve: [Point] = []
        var wrong = 0
        var sum = 0.0
        for (index, answer) in self.answers.enumerated() {
            wrong += answer.isRight ? 0 : 1
            let given = index + 1
            let last = given == answers.count
            guard last || self.answers[given].confidence < answer.confidence else { continue }
            let risk = Double(wrong) / Double(given)
            sum += risk * Double(given - (curve.last?.given ?? 0))
            curve.append(
                Point(
                    threshold: answer.confidence, coverage: Double(given) / Double(answers.count),
                    risk: risk, given: given, wrong: wrong))
        }
        self.curve = curve
        area = answers.isEmpty ? nil : sum / Double(answers.count)
    }

    /// Tells whether two curves are of the same answers.
    public static func == (one: SelectiveRisk, other: SelectiveRisk) -> Bool {
        one.curve == other.curve
    }

    /// Mean distance between what is promised and what holds, over bins of confidence weighted by
    /// their answers.
    ///
    /// Confidences must be probabilities. Nil without answers.
    public var calibrationError: Double? {
        guard !answers.isEmpty else { return nil }
        var promised = [Double](repeating: 0, count: Self.bins)
        var held = promised
        for answer in answers {
            // A bin holds its upper end.
            let bin = Int((answer.confidence * Double(Self.bins)).rounded(.up)) - 1
            let place = min(max(bin, 0), Self.bins - 1)
            promised[place] += answer.confidence
            held[place] += answer.isRight ? 1 : 0
        }
        return zip(promised, held).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(answers.count)
    }

    /// The point of most coverage whose risk is at most `limit`; nil where there is none.
    ///
    /// - Parameter certainty: With it, the risk counts that other questions of the kind have at
    ///   most with that probability, by the binomial tail, shared out over all thresholds.
    public func point(risk limit: Double, certainty: Double? = nil) -> Point? {
        curve.last { point in
            guard let certainty else { return point.risk <= limit }
            let left = (1 - certainty) / Double(max(1, curve.count))
            return Self.upperBound(wrong: point.wrong, given: point.given, left: left) <= limit
        }
    }

    /// The point at which a right answer for 1 and a wrong one for −`cost` make most; nil where no
    /// answer at all makes most.
    public func point(costOfWrong cost: Double) -> Point? {
        var best: (gain: Double, point: Point?) = (0, nil)
        for point in curve {
            let gain = Double(point.given - point.wrong) - cost * Double(point.wrong)
            if gain > best.gain { best = (gain, point) }
        }
        return best.point
    }

    /// The largest rate under which so few wrong answers still have the probability `left`.
    static func upperBound(wrong: Int, given: Int, left: Double) -> Double {
        var low = Double(wrong) / Double(given)
        var high = 1.0
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if binomialTail(wrong, given, middle) > left { low = middle } else { high = middle }
        }
        return high
    }

    /// The probability of at most `count` of `trials` at a rate.
    private static func binomialTail(_ count: Int, _ trials: Int, _ rate: Double) -> Double {
        guard rate < 1 else { return count >= trials ? 1 : 0 }
        guard rate > 0 else { return 1 }
        let odds = log(rate) - log(1 - rate)
        var logarithm = Double(trials) * log(1 - rate)
        var sum = exp(logarithm)
        for hits in 0..<count {
            logarithm += log(Double(trials - hits) / Double(hits + 1)) + odds
            sum += exp(logarithm)
        }
        return sum
    }
}
