import Corpus
import Testing

@testable import Evaluation

struct AnswerQualityTests {
    private func passage(_ id: String, _ title: String, _ text: String, _ weight: Double = 0)
        -> RankedEntry
    {
        RankedEntry(id: id, title: title, text: text, score: weight)
    }

    @Test func `answers, citations and passages are counted`() throws {
        var quality = try AnswerQuality(cutOffs: [1, 2])
        quality.add(
            AnswerRecord(
                id: "1", answers: ["Goethe", "Johann Wolfgang von Goethe"], answer: "The Goethe!",
                probability: 0.9,
                passages: [
                    passage("a", "Weimar", "a town", 0.2), passage("b", "Faust", "by Goethe", 0.7),
                    passage("c", "Faust", "a play", 0.1),
                ]),
            gold: AnswerQuality.Gold(ids: ["b"], titles: ["Faust"]))
        quality.add(
            AnswerRecord(
                id: "2", answers: ["Paris"], answer: "in Paris, France", probability: 0.4,
                passages: [passage("d", "Rome", "the city of Rome")]),
            gold: AnswerQuality.Gold(ids: [], titles: ["Paris"]))
        quality.add(AnswerRecord(id: "3", answers: ["Oslo"], answer: "", probability: 0.99))
        quality.add(AnswerRecord(id: "4", answer: "nobody knows"))
        let report = try quality.report()

        #expect(report.questions == 4 && report.abstained == 1)
        #expect(report.value(.exactMatch) == 1.0 / 3)
        #expect(report.value(.f1) == (1 + 0.5) / 3)
        #expect(report.value(.accuracy) == 2.0 / 3)
        // "by Goethe" holds "The Goethe!"? No: an answer is looked up as it was given.
        #expect(report.value(.inCited) == 0)
        let ids = report.passages.filter { $0.source == .ids }
        #expect(ids.map(\.hit) == [0, 1] && ids.map(\.precision) == [0, 0.5])
        // Titles that stand twice count once.
        let titles = report.passages.filter { $0.source == .titles }
        #expect(titles.map(\.hit) == [0, 0.5] && titles.map(\.precision) == [0, 0.25])
        // The abstention and the question without a truth have no risk.
        #expect(quality.risk?.curve.last?.given == 2)
        #expect(report.area == (0.0 + 0.5) / 2)
        #expect(report.notes.count == 2)
    }

    @Test func `an answer is looked up in the passage that weighs most`() throws {
        var quality = try AnswerQuality()
        quality.add(
            AnswerRecord(
                id: "1", answers: ["Goethe"], answer: "Goethe",
                passages: [
                    passage("a", "", "by Goethe", 0.1), passage("b", "", "by Schiller", 0.9),
                ]))
        quality.add(
            AnswerRecord(
                id: "2", answers: ["Goethe"], answer: "Goethe",
                passages: [passage("a", "", "by Goethe"), passage("b", "", "by Schiller")]))
        #expect(try quality.report().value(.inCited) == 0.5)
    }

    @Test func `distinct n-grams are counted over all answers`() throws {
        var quality = try AnswerQuality()
        quality.add(AnswerRecord(id: "1", answers: ["x"], answer: "a b a"))
        quality.add(AnswerRecord(id: "2", answers: ["x"], answer: "a b c"))
        let report = try quality.report()
        #expect(report.value(.distinct1) == 3.0 / 6)
        #expect(report.value(.distinct2) == 3.0 / 4)
        #expect(report.value(.distinct3) == 1)
    }

    @Test func `scores order answers, and have no calibration error`() throws {
        var quality = try AnswerQuality()
        quality.add(AnswerRecord(id: "1", answers: ["x"], answer: "x", score: -2))
        quality.add(AnswerRecord(id: "2", answers: ["x"], answer: "y", score: -7))
        let report = try quality.report()
        #expect(report.area == 0.25 && report.calibrationError == nil)
        #expect(
            report.notes == [
                "answers are ordered by score; without probabilities no calibration error"
            ])
    }

    @Test func `expressions judge answers where they are the truth`() throws {
        var quality = try AnswerQuality(mode: .expression)
        quality.add(
            AnswerRecord(id: "1", answers: ["19[0-9]{2}"], answer: "in 1914", probability: 1))
        #expect(quality.risk?.curve.last?.risk == 0)
        #expect(try quality.report().value(.accuracy) == 1)
    }

    @Test func `nothing to measure and bad cut-offs are refused`() throws {
        #expect(throws: EvaluationError.noQuestions) { try AnswerQuality().report() }
        #expect(throws: EvaluationError.badCutOff(0)) { try AnswerQuality(cutOffs: [0]) }
    }
}
