import Foundation

/// What one rank's loss is computed from: its own questions, and the passages of all ranks.
public struct LossBatch: Equatable, Sendable {
    /// Vectors of all questions of all ranks for the bidirectional loss, else of this rank's own.
    public var questions: Matrix
    /// Which of the rows are this rank's own questions.
    public var own: Range<Int>
    /// Vectors of all passages of all ranks.
    public var passages: Matrix
    /// Per own question, the rows of its own passages, the positive first.
    public var candidates: [[Int]]
    /// Per own question, the rows of passages that are neither its positive nor its negatives.
    public var masked: [[Int]]
    /// Per own question, the teacher's score of each candidate; empty without a teacher.
    public var teacher: [[Double]]
    /// The positive's row of each question of all ranks: for the bidirectional loss, and where the
    /// contrast skips hard negatives.
    public var positives: [Int]
    /// Per passage of all ranks a number that copies of it share: for the binary loss and for
    /// quartets; empty: each is one of its own.
    public var groups: [Int]
    /// Per own question, whether the contrast counts copies of a passage once; empty: of none.
    public var countsCopiesOnce: [Bool]
    /// Questions of all ranks: the loss is the mean over them.
    public var globalQuestions: Int

    /// Names everything.
    public init(
        questions: Matrix, own: Range<Int>, passages: Matrix, candidates: [[Int]],
        masked: [[Int]] = [], teacher: [[Double]] = [], positives: [Int] = [],
        groups: [Int] = [], countsCopiesOnce: [Bool] = [], globalQuestions: Int
    ) {
        self.questions = questions
        self.own = own
        self.passages = passages
        self.candidates = candidates
        self.masked = masked
        self.teacher = teacher
        self.positives = positives
        self.groups = groups
        self.countsCopiesOnce = countsCopiesOnce
        self.globalQuestions = globalQuestions
    }
}

/// The value and the gradients of a loss.
public struct LossOutcome: Equatable, Sendable {
    /// This rank's part; the parts of all ranks add up to the loss.
    public var loss: Double
    /// Rank of the positive among the passages of the batch, from 1, per own question.
    public var ranks: [Int]
    /// ∂L/∂questions, shaped as the batch's.
    public var questions: Matrix
    /// This rank's part of ∂L/∂passages, shaped as the batch's.
    public var passages: Matrix
}

/// The losses of a bi-encoder in closed form, in float64.
///
/// With S the scores of own questions i and all passages j that are not masked, p the positive:
/// - contrast: L = −(1/N) Σᵢ [S_ip − log Σⱼ exp S_ij]; ∂L/∂S = (softmax S − onehot p)/N. Where
///   the examples are quartets, each passage counts once.
/// - bidirectional: ½ of that, where the passages are the positives, plus ½ of the same with
///   questions and passages exchanged.
/// - triplet: (1/N) Σᵢ mean over own negatives of max(0, m − S_ip + S_in).
/// - margin: (1/N) Σᵢ mean over own negatives of ((S_ip − S_in) − (t_p − t_n))².
/// - divergence: (1/N) Σᵢ KL over own candidates of teacher and student at temperature T.
/// - binary: (1/N) Σᵢ mean over j of −y_ij log σ(S_ij) − (1 − y_ij) log(1 − σ(S_ij)), with y 1 for
///   p and its copies.
/// - quartet: (1/N) Σᵢ Σ over own candidates c of t_c (log t_c − log softmax_c S), the softmax over
///   all passages, each counted once.
///
/// Sources: Karpukhin et al. 2020 §3.2; Hofstätter et al. 2020 (margin-MSE); Yang & Seo 2020;
/// binary and quartet: Simple Transformers 0.70.8, retrieval_model.py, whose quartets are twice
/// this, as it adds the means of either half of the questions.
public enum RetrievalLoss {
    /// Computes value, ranks and gradients.
    public static func evaluate(_ batch: LossBatch, _ settings: LossSettings) -> LossOutcome {
        let own = batch.questions.rows(batch.own)
        let table = ScoreTable(
            questions: own, passages: batch.passages, similarity: settings.similarity,
            temperature: settings.temperature)
        var gradient = Matrix(rows: own.rows, columns: batch.passages.rows)
        var loss = 0.0
        var ranks: [Int] = []
        let share = 1 / Double(batch.globalQuestions)
        let rivals = settings.contrastSkipsHardNegatives ? Set(batch.positives) : nil
        for question in 0..<own.rows {
            let row = QuestionScores(
                scores: Array(table.scores.row(question)), candidates: batch.candidates[question],
                masked: batch.masked.isEmpty ? [] : Set(batch.masked[question]),
                teacher: batch.teacher.isEmpty ? [] : batch.teacher[question],
                groups: batch.groups,
                countsCopiesOnce: !batch.countsCopiesOnce.isEmpty
                    && batch.countsCopiesOnce[question], rivals: rivals)
            ranks.append(row.rank)
            let isPlain = settings.contrast == .passages && settings.contrastWeight > 0
            let (value, slope) = row.terms(settings, withContrast: isPlain)
            loss += value * share
            for column in slope.indices { gradient[question, column] = slope[column] * share }
        }
        let (ownGradient, passageGradient) = table.gradients(gradient)
        var outcome = LossOutcome(
            loss: loss, ranks: ranks,
            questions: Matrix(rows: batch.questions.rows, columns: batch.questions.columns),
            passages: passageGradient)
        for question in 0..<own.rows {
            outcome.questions.add(
                1, ownGradient, row: question, toRow: batch.own.lowerBound + question)
        }
        if settings.contrast == .bidirectional, settings.contrastWeight > 0 {
            addBidirectional(batch, settings, to: &outcome)
        }
        return outcome
    }

    /// Adds ½[CE(Q Aᵀ, i → i) + CE(A Qᵀ, i → i)] over this rank's own rows of either side.
    private static func addBidirectional(
        _ batch: LossBatch, _ settings: LossSettings, to outcome: inout LossOutcome
    ) {
        var answers = Matrix(rows: batch.positives.count, columns: batch.passages.columns)
        for (row, passage) in batch.positives.enumerated() {
            answers.add(1, batch.passages, row: passage, toRow: row)
        }
        let factor = 0.5 * settings.contrastWeight / Double(batch.globalQuestions)
        func direction(_ from: Matrix, _ to: Matrix) -> (from: Matrix, to: Matrix) {
            let table = ScoreTable(
                questions: from.rows(batch.own), passages: to, similarity: settings.similarity,
                temperature: settings.temperature)
            var gradient = Matrix(rows: batch.own.count, columns: to.rows)
            for row in 0..<batch.own.count {
                let target = batch.own.lowerBound + row
                // Two questions with one passage: each is right for the other too.
                let masked = settings.masksDuplicates ? duplicates(batch, of: target) : []
                let scores = QuestionScores(
                    scores: Array(table.scores.row(row)), candidates: [target], masked: masked,
                    teacher: [])
                let (value, slope) = scores.contrast()
                outcome.loss += factor * value
                for column in slope.indices { gradient[row, column] = factor * slope[column] }
            }
            let (ownGradient, toGradient) = table.gradients(gradient)
            var whole = Matrix(rows: from.rows, columns: from.columns)
            for row in 0..<batch.own.count {
                whole.add(1, ownGradient, row: row, toRow: batch.own.lowerBound + row)
            }
            return (whole, toGradient)
        }
        let forward = direction(batch.questions, answers)
        let backward = direction(answers, batch.questions)
        for row in 0..<batch.questions.rows {
            outcome.questions.add(1, forward.from, row: row, toRow: row)
            outcome.questions.add(1, backward.to, row: row, toRow: row)
        }
        for (row, passage) in batch.positives.enumerated() {
            outcome.passages.add(1, forward.to, row: row, toRow: passage)
            outcome.passages.add(1, backward.from, row: row, toRow: passage)
        }
    }

    /// The other pairs whose passage an own question is masked from.
    private static func duplicates(_ batch: LossBatch, of target: Int) -> Set<Int> {
        guard !batch.masked.isEmpty else { return [] }
        let masked = Set(batch.masked[target - batch.own.lowerBound])
        return Set(
            batch.positives.indices.filter { $0 != target && masked.contains(batch.positives[$0]) })
    }
}
