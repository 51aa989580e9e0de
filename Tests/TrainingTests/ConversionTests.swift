import Corpus
import TestSupport
import Testing

@testable import Training

/// Rewriting training data, and finding negatives.
struct ConversionTests {
    private static let examples = [
        TrainingExample(
            id: "q1", question: "who \"said\" it?", answers: ["she", "Sie"],
            positives: [TrainingPassage(id: "7", title: "T", text: "she said\tso", score: 2.5)],
            hardNegatives: [
                TrainingPassage(id: "8", title: "U", text: "he did", score: 1),
                TrainingPassage(id: "9", title: "", text: "line\nfeed"),
            ], negatives: [TrainingPassage(id: "10", title: "", text: "nothing")]),
        TrainingExample(
            id: "q2", question: "what?",
            positives: [TrainingPassage(id: "8", title: "U", text: "he did")]),
    ]

    private func write(_ form: TrainingWriter.Form, to path: String) throws {
        let writer = try TrainingWriter(path, form: form, hardNegatives: 2)
        for example in Self.examples { try writer.write(example) }
        try writer.finish()
    }

    @Test func `DPR's JSON is read back as it was written`() throws {
        let folder = try TemporaryFolder()
        try write(.dpr, to: folder.path + "/a.json")
        let source = try TrainingSource.detect(folder.path + "/a.json")
        #expect(try rows(of: source) == Self.examples)
    }

    @Test func `a table is read back with what it can carry`() throws {
        let folder = try TemporaryFolder()
        try write(.simpleTransformers, to: folder.path + "/a.tsv")
        let read = try rows(of: TrainingSource.detect(folder.path + "/a.tsv"))
        #expect(read.map(\.question) == Self.examples.map(\.question))
        #expect(read[0].positives == [TrainingPassage(title: "T", text: "she said\tso")])
        #expect(read[0].hardNegatives.map(\.text) == ["U he did", "line\nfeed"])
        #expect(read[1].hardNegatives.isEmpty)
    }

    @Test func `a BEIR folder is read back with its positives`() throws {
        let folder = try TemporaryFolder()
        try write(.beir, to: folder.path + "/beir")
        let read = try rows(of: TrainingSource.detect(folder.path + "/beir"))
        #expect(read.map(\.id) == ["q1", "q2"])
        #expect(read[0].positives.map(\.text) == ["she said\tso"])
        let corpus = try folder.read("beir/corpus.jsonl")
        #expect(corpus.split(separator: "\n").count == 4)
    }

    @Test(arguments: [
        (
            TrainingWriter.Form.beir, "corpus.jsonl", "queries.jsonl", "qrels/train.tsv",
            [
                #"{"_id": "7", "title": "T", "text": "she"}"#,
                #"{"_id": "p7e2ba46bbb303542", "title": "", "text": "he"}"#,
            ], [#"{"_id": "q1", "text": "who?"}"#, #"{"_id": "q2", "text": "who else?"}"#],
            ["query-id\tcorpus-id\tscore", "q1\t7\t1", "q2\tp7e2ba46bbb303542\t1"]
        ),
        (
            .msmarco, "collection.tsv", "queries.train.tsv", "qrels.train.tsv",
            ["7\tT she", "p7e2ba46bbb303542\the"], ["q1\twho?", "q2\twho else?"],
            ["q1\t0\t7\t1", "q2\t0\tp7e2ba46bbb303542\t1"]
        ),
    ])
    func `a collection holds each passage once, the questions, and who answers whom`(
        form: TrainingWriter.Form, corpus: String, queries: String, judgements: String,
        passages: [String], questions: [String], judged: [String]
    ) throws {
        let folder = try TemporaryFolder()
        let she = TrainingPassage(id: "7", title: "T", text: "she")
        let he = TrainingPassage(id: "", title: "", text: "he")
        let writer = try TrainingWriter(folder.path + "/out", form: form)
        try writer.write(
            TrainingExample(id: "q1", question: "who?", positives: [she], hardNegatives: [he]))
        try writer.write(
            TrainingExample(id: "q2", question: "who else?", positives: [he], negatives: [she]))
        try writer.finish()
        for (name, lines) in [(corpus, passages), (queries, questions), (judgements, judged)] {
            #expect(try folder.read("out/" + name) == lines.joined(separator: "\n") + "\n")
        }
    }

    @Test func `a form that cannot carry a text is refused and leaves no file`() throws {
        let folder = try TemporaryFolder()
        #expect {
            try write(.msmarco, to: folder.path + "/marco")
        } throws: { error in
            guard case .unwritable = error as? TrainingError else { return false }
            return true
        }
        let error = failure { () throws(TrainingError) in
            try TrainingSource.detect(folder.path + "/marco")
        }
        guard case .unknownFormat = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(arguments: [TrainingWriter.Form.beir, .msmarco])
    func `ids in a collection are made up beside those that come, and name one thing each`(
        form: TrainingWriter.Form
    ) throws {
        let folder = try TemporaryFolder()
        func written(_ name: String, _ examples: [(id: String, question: String)]) throws -> Bool {
            let writer = try TrainingWriter(folder.path + "/" + name, form: form)
            for (number, example) in examples.enumerated() {
                let error = failure { () throws(TrainingError) in
                    try writer.write(
                        TrainingExample(
                            id: example.id, question: example.question,
                            positives: [
                                TrainingPassage(text: "nameless \(number)"),
                                TrainingPassage(id: "p\(number + 1)", text: "named \(number)"),
                            ]))
                }
                if error != nil { return false }
            }
            try writer.finish()
            return true
        }
        #expect(try written("one", [("1", "who?"), ("1", "who?"), ("2", "what?")]))
        let read = try rows(of: TrainingSource.detect(folder.path + "/one"))
        #expect(read.map(\.id) == ["1", "2"] && read.map(\.positives.count) == [4, 2])
        #expect(try !written("two", [("1", "who?"), ("1", "what?")]))
        #expect(try !written("three", [("x\ty", "who?")]))
    }

    @Test func `MS MARCO and pairs are read back`() throws {
        let folder = try TemporaryFolder()
        let pairs = try folder.write("pairs.tsv", "what?\tthis\nwho?\tshe\n")
        for form in [TrainingWriter.Form.msmarco, .pairs] {
            let path = folder.path + "/\(form.rawValue)"
            let report = try TrainingConversion.convert(
                try TrainingSource.detect(pairs), to: path, form: form)
            #expect(report.written == 2)
            let read = try rows(of: TrainingSource.detect(path))
            #expect(read.map(\.question) == ["what?", "who?"])
            #expect(read.map { $0.positives[0].text } == ["this", "she"])
        }
    }

    @Test func `questions, a corpus and lists of negatives become DPR's JSON`() throws {
        let folder = try TemporaryFolder()
        let corpus = try folder.write(
            "corpus.tsv", "id\ttext\ttitle\n1\tone\tA\n2\ttwo\tB\n3\tthree\tC\n")
        let questions = try folder.write(
            "questions.jsonl",
            "{\"qid\": 5, \"question\": \"first?\", \"answers\": [\"x\"], \"passage_id\": 2}\n")
        let negatives = try folder.write("negatives.tsv", "6\t3:2\n5\t3:1.5 2:1\n5\t1:0.5\n")
        let source = TrainingSource(
            path: questions, form: .lists(corpus: corpus, negatives: negatives))
        let path = folder.path + "/train.json"
        let report = try TrainingConversion.convert(source, to: path, form: .dpr)
        #expect(report.written == 1 && report.dropped.negativesEqualToPositive == 1)
        #expect(report.dropped.listsOfOtherQuestions == 1)
        let read = try rows(of: TrainingSource.detect(path))
        #expect(read[0].positives.map(\.id) == ["2"])
        #expect(read[0].hardNegatives.map(\.id) == ["3", "1"])
        #expect(read[0].hardNegatives.map(\.score) == [1.5, 0.5])
        try folder.write("negatives.tsv", "6\t3:1.5\n")
        let error = failure { () throws(TrainingError) in
            try TrainingConversion.convert(source, to: path, form: .dpr)
        }
        #expect(error == .unknownQuestion(id: "6", place: SourcePlace(path: negatives, line: 1)))
        // A blank line counts among those of the file.
        try folder.write(
            "questions.jsonl",
            "{\"qid\": 4, \"question\": \"f?\", \"passage_id\": 1}\n\n"
                + "{\"qid\": 5, \"question\": \"first?\", \"passage_id\": 9}\n")
        try folder.write("negatives.tsv", "5\t3:1.5\n")
        let unknown = failure { () throws(TrainingError) in
            try TrainingConversion.convert(source, to: path, form: .dpr)
        }
        #expect(unknown == .unknownPassage(id: "9", place: SourcePlace(path: questions, line: 3)))
    }
}
