import TestSupport
import Testing

@testable import Training

/// Losses of the reference's own vectors and logits.
struct LossGoldenTests {
    @Test(.enabled(if: Goldens.hasCase("dpr_nll"), "the case dpr_nll is not among the goldens"))
    func `in-batch likelihood is DPR's`() throws {
        let golden = try GoldenCase("dpr_nll")
        let positives = try golden.integers("positive_idx")
        let batch = LossBatch(
            questions: try golden.matrix("q_vectors"), own: 0..<positives.count,
            passages: try golden.matrix("ctx_vectors"), candidates: positives.map { [$0, $0 + 1] },
            globalQuestions: positives.count)
        let outcome = RetrievalLoss.evaluate(batch, LossSettings())
        #expect(relativeDifference(outcome.loss, golden.number("loss")) <= 1e-5)
        #expect(outcome.ranks.count { $0 == 1 } == golden.json["correct"] as? Int)
        let questions = relativeDistance(
            outcome.questions.floats, try golden.floats("grad.q_vectors"))
        let passages = relativeDistance(
            outcome.passages.floats, try golden.floats("grad.ctx_vectors"))
        #expect(questions <= 1e-5 && passages <= 1e-5, "\(questions) \(passages)")
    }

    @Test(arguments: ["retribert_shared", "retribert_separate"])
    func `the bidirectional loss is RetriBERT's`(name: String) throws {
        guard Goldens.hasCase(name) else { return }
        let golden = try GoldenCase(name)
        let questions = try golden.matrix("q_reps")
        var settings = LossSettings()
        settings.contrast = .bidirectional
        let outcome = RetrievalLoss.evaluate(
            LossBatch(
                questions: questions, own: 0..<questions.rows,
                passages: try golden.matrix("a_reps"),
                candidates: (0..<questions.rows).map { [$0] },
                positives: Array(0..<questions.rows), globalQuestions: questions.rows),
            settings)
        let expected = Double(try golden.floats("loss.-1")[0])
        #expect(relativeDifference(outcome.loss, expected) <= 1e-5)
    }

    @Test(
        .enabled(
            if: Goldens.hasCase("dpr_reader_train_loss"),
            "the case dpr_reader_train_loss is not among the goldens"))
    func `the reader's loss is DPR's`() throws {
        let golden = try GoldenCase("dpr_reader_train_loss")
        let shape = golden.shape("relevance_logits")
        let (questions, passages) = (shape[0], shape[1])
        let length = golden.shape("start_logits")[1]
        let slots = golden.shape("answer_mask")[2]
        let starts = try golden.floats("start_logits").map(Double.init)
        let ends = try golden.floats("end_logits").map(Double.init)
        let relevance = try golden.floats("relevance_logits").map(Double.init)
        let first = try golden.integers("start_positions")
        let last = try golden.integers("end_positions")
        let mask = try golden.integers("answer_mask")
        var span = 0.0
        var choice = 0.0
        for question in 0..<questions {
            let outcome = ReaderLoss.evaluate(
                (0..<passages).map { passage in
                    let row = question * passages + passage
                    return ReaderPassage(
                        starts: Array(starts[row * length..<(row + 1) * length]),
                        ends: Array(ends[row * length..<(row + 1) * length]),
                        relevance: relevance[row],
                        answers: (0..<slots).compactMap { slot in
                            let at = row * slots + slot
                            return mask[at] == 1 ? first[at]...last[at] : nil
                        })
                })
            span += outcome.spanLoss
            choice += outcome.relevanceLoss
        }
        #expect(relativeDifference(span, golden.number("span_loss")) <= 1e-5)
        #expect(relativeDifference(choice, golden.number("switch_loss")) <= 1e-5)
        #expect(relativeDifference(span + choice, golden.number("loss")) <= 1e-5)
    }

    @Test(
        .enabled(
            if: Goldens.hasCase("rdr_distill"), "the case rdr_distill is not among the goldens"),
        arguments: LossSettings.Direction.allCases, [1.0, 2, 4])
    func `the divergence from a reader is the reference's`(
        direction: LossSettings.Direction, temperature: Double
    ) throws {
        let golden = try GoldenCase("rdr_distill")
        let shape = golden.shape("sim")
        let scores = try golden.floats("sim").map(Double.init)
        let teacher = try golden.floats("relevance_logits").map(Double.init)
        var settings = LossSettings.distillation(
            alpha: 1, temperature: temperature, squaresTemperature: false, direction: direction)
        settings.contrastWeight = 0
        var sum = 0.0
        for question in 0..<shape[0] {
            let range = question * shape[1]..<(question + 1) * shape[1]
            let row = QuestionScores(
                scores: Array(scores[range]), candidates: Array(0..<shape[1]), masked: [],
                teacher: Array(teacher[range]))
            sum += row.terms(settings, withContrast: false).value
        }
        let name =
            "T\(Int(temperature))_"
            + (direction == .teacherStudent ? "teacher_student" : "student_teacher")
        let losses = golden.json["losses"] as? [String: Double] ?? [:]
        let expected = try #require(losses[name])
        #expect(relativeDifference(sum / Double(shape[0]), expected) <= 1e-5)
    }
}
