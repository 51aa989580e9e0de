import TestSupport
import Testing

@testable import Models

@Suite("DPR reader")
struct ReaderTests {
    @Test
    func `logits and spans are the reference's`() throws {
        let golden = try GoldenCase("dpr_reader_forward")
        let folder = try goldenModel("dpr_reader")
        let reader = try DPRReader.load(folder: folder.path)
        let batch = try golden.batch()
        let width = golden.shape("input_ids")[1]
        let starts = try golden.floats("start_logits")
        let ends = try golden.floats("end_logits")
        let relevance = try golden.floats("relevance_logits")
        var all: [ReaderScores] = []
        for passage in 0..<batch.sequences {
            let tokens = batch.starts[passage]..<batch.starts[passage + 1]
            let scores = reader.scores(Array(batch.ids[tokens]), BertArena())
            let row = passage * width..<passage * width + tokens.count
            #expect(largestDifference(scores.starts, starts[row]) < 1e-4)
            #expect(largestDifference(scores.ends, ends[row]) < 1e-4)
            #expect(abs(scores.relevance - relevance[passage]) < 1e-4)
            all.append(scores)
        }
        let decoded = try #require(
            golden.json["decode_best_spans"] as? [String: [String: Any]])
        for (name, value) in decoded {
            let arguments = try #require(value["args"] as? [String: Any])
            let options = SpanOptions(
                spans: arguments["num_spans"] as? Int ?? 16,
                spansPerPassage: arguments["num_spans_per_passage"] as? Int ?? 4,
                maximumLength: arguments["max_answer_length"] as? Int ?? 64)
            let answers = reader.answers(all, options)
            let spans = try #require(value["spans"] as? [[String: Any]])
            #expect(answers.count == spans.count, "\(name)")
            for (answer, span) in zip(answers, spans) {
                #expect(span["doc_id"] as? Int == answer.passage)
                #expect(span["start"] as? Int == answer.start)
                #expect(span["end"] as? Int == answer.end)
                #expect(span["text"] as? String == answer.text)
            }
        }
    }

    @Test
    func `a passage is read as question, title and text`() throws {
        let golden = try GoldenCase("dpr_reader_forward")
        let batch = try golden.batch()
        let folder = try goldenModel("dpr_reader")
        let reader = try DPRReader.load(folder: folder.path)
        let passage = (title: "Mars", text: "Mars is the red planet. It has two moons.")
        let one = reader.scores(question: "what is mars?", passages: [passage])
        let scores = try #require(one.first)
        #expect(scores.ids.first == batch.ids.first)
        #expect(scores.ids.filter { $0 == scores.ids[scores.passageStart - 1] }.count == 2)
        #expect(scores.starts.count == scores.ids.count)
        let many = reader.scores(
            question: "what is mars?", passages: [("", ""), passage, ("x", "y"), passage],
            threads: 3)
        #expect(many.count == 4)
        #expect(many[1] == scores)
        #expect(many[3] == scores)
        let long = (title: "Mars", text: String(repeating: "red planet ", count: 500))
        let cut = try #require(reader.scores(question: "what?", passages: [long]).first)
        #expect(cut.ids.count == reader.maximumLength)
        #expect(reader.answers(to: "what is mars?", in: []) == [])
    }

    @Test
    func `nested spans are left out and overlapping ones kept`() {
        let scores = ReaderScores(
            ids: [1, 2, 3, 4, 5], passageStart: 1, starts: [9, 3, 2, 0, 0], ends: [9, 0, 0, 3, 2],
            relevance: 0)
        let spans = scores.bestSpans(
            SpanOptions(spans: 9, spansPerPassage: 3, maximumLength: 4))
        #expect(spans.map(\.range) == [1...3, 2...4])
        #expect(spans.map(\.score) == [6, 4])
        let short = scores.bestSpans(
            SpanOptions(spans: 9, spansPerPassage: 9, maximumLength: 1))
        #expect(short.map(\.range) == [1...1, 3...3, 2...2, 4...4])
    }

    @Test
    func `an encoder is no reader`() throws {
        let folder = try goldenModel("dpr_ctx")
        let error = failure { () throws(ModelError) in try DPRReader.load(folder: folder.path) }
        #expect(
            error
                == .wrongTower(
                    folder: folder.path, expected: "a DPR reader",
                    found: "a DPR context encoder"))
    }
}
