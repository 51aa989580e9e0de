/// How the fit of a question and a passage is computed from their vectors.
public enum Similarity: String, CaseIterable, Codable, Sendable {
    /// ⟨q, p⟩, as DPR and RetriBERT.
    case dot
    /// ⟨q, p⟩ / (‖q‖·‖p‖).
    case cosine
}

/// All scores of some questions with some passages, and the way back from their gradient.
///
/// s = ⟨q, p⟩ / τ, on unit vectors for the cosine. With G = ∂L/∂S: ∂L/∂Q = G P / τ and
/// ∂L/∂P = Gᵀ Q / τ; through x̂ = x/‖x‖, ∂L/∂x = (g − ⟨g, x̂⟩·x̂)/‖x‖.
struct ScoreTable {
    /// `[questions, passages]`.
    let scores: Matrix

    private let questions: Matrix
    private let passages: Matrix
    private let questionNorms: [Double]?
    private let passageNorms: [Double]?
    private let temperature: Double

    init(
        questions: Matrix, passages: Matrix, similarity: Similarity, temperature: Double
    ) {
        switch similarity {
        case .dot:
            (self.questions, questionNorms) = (questions, nil)
            (self.passages, passageNorms) = (passages, nil)
        case .cosine:
            let (unitQuestions, questionNorms) = Self.unit(questions)
            let (unitPassages, passageNorms) = Self.unit(passages)
            (self.questions, self.questionNorms) = (unitQuestions, questionNorms)
            (self.passages, self.passageNorms) = (unitPassages, passageNorms)
        }
        self.temperature = temperature
        var scores = self.questions.timesTransposed(self.passages)
        for index in scores.values.indices { scores.values[index] /= temperature }
        self.scores = scores
    }

    /// The gradients of both sides from that of the scores.
    func gradients(_ gradient: Matrix) -> (questions: Matrix, passages: Matrix) {
        var toQuestions = Matrix(rows: questions.rows, columns: questions.columns)
        var toPassages = Matrix(rows: passages.rows, columns: passages.columns)
        for question in 0..<questions.rows {
            for passage in 0..<passages.rows {
                let factor = gradient[question, passage] / temperature
                toQuestions.add(factor, passages, row: passage, toRow: question)
                toPassages.add(factor, questions, row: question, toRow: passage)
            }
        }
        if let questionNorms { Self.throughUnit(&toQuestions, questions, questionNorms) }
        if let passageNorms { Self.throughUnit(&toPassages, passages, passageNorms) }
        return (toQuestions, toPassages)
    }

    /// Norms below this count as this, as PyTorch's cosine has it.
    private static let smallestNorm = 1e-8

    private static func unit(_ matrix: Matrix) -> (Matrix, [Double]) {
        var unit = matrix
        var norms: [Double] = []
        for row in 0..<matrix.rows {
            let norm = max(
                matrix.row(row).reduce(0) { $0 + $1 * $1 }.squareRoot(), smallestNorm)
            norms.append(norm)
            for column in 0..<matrix.columns { unit[row, column] /= norm }
        }
        return (unit, norms)
    }

    private static func throughUnit(
        _ gradient: inout Matrix, _ unit: Matrix, _ norms: [Double]
    ) {
        for row in 0..<gradient.rows {
            var along = 0.0
            for column in 0..<gradient.columns {
                along += gradient[row, column] * unit[row, column]
            }
            for column in 0..<gradient.columns {
                gradient[row, column] =
                    (gradient[row, column] - along * unit[row, column]) / norms[row]
            }
        }
    }
}
