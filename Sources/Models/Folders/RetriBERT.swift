import Foundation

/// Both towers of a RetriBERT folder, and the loss it is trained with.
///
///     let model = try RetriBERT.load(folder: "yjernite/retribert-base-uncased")
///     let loss = model.loss(questions: questions, answers: answers)
public final class RetriBERT: Sendable {
    /// The tower of questions.
    public let questions: TextEncoder
    /// The tower of answers.
    public let answers: TextEncoder

    /// Loads both towers; with shared encoders they differ by their projection.
    ///
    /// - Throws: `ModelError`, also where the folder holds another family.
    public static func load(folder: String) throws(ModelError) -> RetriBERT {
        let questions = try TextEncoder.load(folder: folder, tower: .question)
        guard questions.kind == .retribert else {
            throw .wrongTower(
                folder: folder, expected: "a RetriBERT model",
                found: "a \(questions.kind.rawValue) encoder")
        }
        return RetriBERT(
            questions: questions, answers: try TextEncoder.load(folder: folder, tower: .context))
    }

    private init(questions: TextEncoder, answers: TextEncoder) {
        self.questions = questions
        self.answers = answers
    }

    /// The vectors of questions: `[count, dimension]`, row-major.
    public func embedQuestions(_ texts: [String], threads: Int = 1) -> [Float] {
        questions.encode(questions: texts, threads: threads)
    }

    /// The vectors of answers: `[count, dimension]`, row-major.
    public func embedAnswers(_ texts: [String], threads: Int = 1) -> [Float] {
        answers.encode(passages: texts.map { ("", $0) }, threads: threads)
    }

    /// The bidirectional loss of a batch whose question `i` belongs to answer `i`: the mean of the
    /// cross-entropies of finding the answer among all answers and the question among all
    /// questions.
    ///
    /// - Precondition: as many answers as questions, at least one.
    public func loss(questions: [String], answers: [String], threads: Int = 1) -> Double {
        precondition(
            questions.count == answers.count && !questions.isEmpty,
            "\(questions.count) questions and \(answers.count) answers make no pairs")
        return Self.loss(
            questions: embedQuestions(questions, threads: threads),
            answers: embedAnswers(answers, threads: threads), count: questions.count)
    }

    /// The same of vectors `[count, dimension]`; inner products, no temperature.
    static func loss(questions: [Float], answers: [Float], count: Int) -> Double {
        let width = questions.count / count
        var scores = [Double](repeating: 0, count: count * count)
        for row in 0..<count {
            for column in 0..<count {
                var sum = 0.0
                for k in 0..<width {
                    sum += Double(questions[row * width + k]) * Double(answers[column * width + k])
                }
                scores[row * count + column] = sum
            }
        }
        func crossEntropy(_ score: (Int, Int) -> Double) -> Double {
            var sum = 0.0
            for own in 0..<count {
                let line = (0..<count).map { score(own, $0) }
                let largest = line.max() ?? 0
                let normaliser = line.reduce(0) { $0 + exp($1 - largest) }
                sum += log(normaliser) + largest - line[own]
            }
            return sum / Double(count)
        }
        let found = crossEntropy { scores[$0 * count + $1] }
        let asked = crossEntropy { scores[$1 * count + $0] }
        return (found + asked) / 2
    }
}
