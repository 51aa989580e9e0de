import Corpus
import TestSupport
import Testing

@testable import Training

/// The forms of training data.
struct DataTests {
    private static let dpr = """
        [{"question": "who?", "answers": ["him"],
          "positive_ctxs": [{"title": "T", "text": "him it was", "passage_id": "7", "score": 1000}],
          "hard_negative_ctxs": [{"title": "T", "text": "him it was", "psg_id": 9},
            {"title": "U", "text": "her", "psg_id": 8, "score": "3.5"},
            {"title": "V", "text": "id of the positive", "psg_id": 7}],
          "negative_ctxs": [{"title": "", "text": ""}]},
         {"question": "nobody?", "answers": [], "positive_ctxs": []},
         {"question": "  ", "positive_ctxs": [{"text": "x"}]}]
        """

    @Test func `DPR's JSON is read, and what cannot be trained on is counted`() throws {
        let folder = try TemporaryFolder()
        for text in [Self.dpr, "{\"question\": \"a\", \"positive_ctxs\": [{\"text\": \"b\"}]}\n"] {
            let path = try folder.write("train.json", text)
            #expect(try TrainingSource.detect(path).form == .dpr)
        }
        let source = try TrainingSource.detect(try folder.write("train.json", Self.dpr))
        let store = try ExampleStore.fill(from: source)
        #expect(store.count == 1)
        let example = try store.example(0)
        #expect(example.id == "1" && example.answers == ["him"])
        #expect(example.positives.map(\.id) == ["7"] && example.positives[0].score == 1000)
        #expect(example.hardNegatives.map(\.text) == ["her"])
        #expect(example.hardNegatives[0].score == 3.5)
        #expect(example.negatives.isEmpty)
        var dropped = DroppedRows()
        dropped.withoutPositive = 1
        dropped.withoutQuestion = 1
        dropped.emptyPassages = 1
        dropped.negativesEqualToPositive = 2
        #expect(store.dropped == dropped)
    }

    @Test func `a table is read with numbered negatives in the order of their numbers`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "train.tsv",
            """
            hard_negative_10\tquery_text\tgold_passage\ttitle\thard_negative_2\tother
            n10\tq1\t"a ""quoted"" passage\tin one field"\tT\tn2\tx
            \tq2\tp2\t\t\tx

            """)
        let source = try TrainingSource.detect(path)
        #expect(source.form == .simpleTransformers)
        let rows = try rows(of: source)
        #expect(rows.count == 2)
        #expect(rows[0].positives[0].text == "a \"quoted\" passage\tin one field")
        #expect(rows[0].positives[0].title == "T")
        #expect(rows[0].hardNegatives.map(\.text) == ["n2", "n10"])
        #expect(rows[1].hardNegatives.isEmpty)
    }

    @Test func `a row of quartets is two examples with the passage that the teacher prefers`()
        throws
    {
        let folder = try TemporaryFolder()
        let head =
            "query_text_a\tquery_text_b\tpassage_text_a\tpassage_text_b\ttitle_a\ttitle_b"
            + "\taa_score\tab_score\tba_score\tbb_score\tnote\n"
        let path = try folder.write(
            "quartets.tsv",
            head + "qa\tqb\tpa\tpb\tA\tB\t2\t1\t0.5\t-1\tx\nqc\tqd\tpc\tpd\t\t\t1\t1\t0\t3\ty\n")
        var rows: [TrainingExample] = []
        let dropped = try TrainingSource.detect(path).read { row throws(TrainingError) in
            rows.append(row)
        }
        #expect(dropped.unusedColumns == ["note"])
        #expect(rows.map(\.question) == ["qa", "qb", "qc", "qd"])
        #expect(rows.map { $0.positives[0].text } == ["pa", "pa", "pd", "pd"])
        #expect(rows.map { $0.hardNegatives[0].text } == ["pb", "pb", "pc", "pc"])
        #expect(rows.map { $0.positives[0].title } == ["A", "A", "", ""])
        #expect(rows.map { $0.positives[0].score } == [2, 0.5, 1, 3])
        #expect(rows.map { $0.hardNegatives[0].score } == [1, -1, 1, 0])
        let bad = try folder.write(
            "bad.tsv", head + "qa\tqb\tpa\tpb\tA\tB\t2\tmuch\t0.5\t-1\tx\n")
        let error = failure { () throws(TrainingError) in
            try ExampleStore.fill(from: TrainingSource.detect(bad))
        }
        #expect(
            error
                == .corpus(
                    .malformed(
                        place: SourcePlace(path: bad, line: 2),
                        reason: .badNumber(field: "ab_score", value: "much"))))
        let short = try folder.write("short.tsv", "query_text_a\tpassage_text_a\n1\t2\n")
        let missing = failure { () throws(TrainingError) in
            try ExampleStore.fill(from: TrainingSource.detect(short))
        }
        guard case .missingColumns(_, let names, _) = missing else {
            Issue.record("\(String(describing: missing))")
            return
        }
        #expect(names.first == "aa_score" && names.contains("query_text_b"))
    }

    @Test(arguments: [
        ("true_p_scores\ttrue_n_scores", "3.5\t1.25", [3.5, 1.25]), ("margin", "2.25", [2.25, 0]),
    ])
    func `a table's scores of a teacher are read`(
        names: String, cells: String, scores: [Double]
    ) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "train.tsv",
            "query_text\tgold_passage\thard_negative\t\(names)\nq\tp\tn\t\(cells)\n")
        let rows = try rows(of: TrainingSource.detect(path))
        #expect([rows[0].positives[0].score, rows[0].hardNegatives[0].score] == scores)
    }

    @Test func `negatives are read under each name, and unused columns are named once`() throws {
        let folder = try TemporaryFolder()
        func read(_ text: String) throws -> (rows: [TrainingExample], dropped: DroppedRows) {
            let path = try folder.write("train.tsv", text)
            var rows: [TrainingExample] = []
            let dropped = try TrainingSource.detect(path).read { row throws(TrainingError) in
                rows.append(row)
            }
            return (rows, dropped)
        }
        let numbered = try read(
            """
            query_text\tgold_passage\thard_negatives_1\thard_negatives_0\tpassage_id\tnegative
            q1\tp1\tn1\tn0\t7\tx
            q2\tp2\t\tm0\t8\ty

            """)
        #expect(numbered.rows.map { $0.hardNegatives.map(\.text) } == [["n0", "n1"], ["m0"]])
        #expect(numbered.dropped.unusedColumns == ["passage_id", "negative"])
        #expect(
            numbered.dropped.summary
                == "column “passage_id”, which is not used, column “negative”, which is not used")
        let list = try read(
            """
            query_text\tgold_passage\thard_negatives
            q1\tp1\t['it''s n0', "n1"]
            q2\tp2\t[sic] one text
            q3\tp3\t

            """)
        #expect(
            list.rows.map { $0.hardNegatives.map(\.text) }
                == [["its n0", "n1"], ["[sic] one text"], []])
        #expect(list.dropped == DroppedRows())
    }

    @Test func `SQuAD's nested JSON is questions with their paragraphs`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "squad.json",
            """
            {"data": [{"title": "Faust", "paragraphs": [{"context": "Goethe wrote it.", "qas": [
              {"id": "a1", "question": "Who?", "answers": [{"text": "Goethe", "answer_start": 0}]},
              {"id": "a2", "question": "When?", "answers": [], "is_impossible": true}]}]}]}
            """)
        let source = try TrainingSource.detect(path)
        #expect(source.form == .squad)
        var rows: [TrainingExample] = []
        let dropped = try source.read { row throws(TrainingError) in rows.append(row) }
        #expect(
            rows == [
                TrainingExample(
                    id: "a1", question: "Who?", answers: ["Goethe"],
                    positives: [TrainingPassage(title: "Faust", text: "Goethe wrote it.")])
            ])
        #expect(dropped.withoutPositive == 1)
    }

    @Test func `missing columns are named`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("train.tsv", "query_text\tpassage\nq\tp\n")
        let error = failure { () throws(TrainingError) in
            try ExampleStore.fill(from: TrainingSource.detect(path))
        }
        #expect(
            error
                == .missingColumns(
                    path: path, missing: ["gold_passage"], found: ["query_text", "passage"]))
    }

    @Test func `a malformed row is named by file and line`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "train.jsonl",
            "{\"question\": \"a\", \"positive_ctxs\": [{\"text\": \"b\"}]}\n"
                + "{\"question\": 7, \"positive_ctxs\": []}\n")
        let error = failure { () throws(TrainingError) in
            try ExampleStore.fill(from: TrainingSource.detect(path))
        }
        #expect(
            error
                == .corpus(
                    .malformed(
                        place: SourcePlace(path: path, line: 2),
                        reason: .wrongType(field: "question", expected: "a string"))))
    }

    @Test func `a file without positives is refused`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "train.jsonl", "{\"question\": \"a\", \"positive_ctxs\": []}\n")
        let error = failure { () throws(TrainingError) in
            try ExampleStore.fill(from: TrainingSource.detect(path))
        }
        #expect(error == .noExamples(path: path, dropped: 1))
    }

    @Test func `a BEIR folder gives a row per judged question`() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "corpus.jsonl",
            "{\"_id\": \"d1\", \"title\": \"A\", \"text\": \"one\"}\n"
                + "{\"_id\": \"d2\", \"title\": \"B\", \"text\": \"two\"}\n")
        try folder.write(
            "queries.jsonl",
            "{\"_id\": \"q1\", \"text\": \"first?\"}\n{\"_id\": \"q2\", \"text\": \"second?\"}\n")
        try folder.write(
            "qrels/train.tsv", "query-id\tcorpus-id\tscore\nq2\td1\t1\nq2\td2\t2\n")
        let rows = try rows(of: TrainingSource.detect(folder.path))
        #expect(rows.map(\.id) == ["q2"])
        #expect(rows[0].positives.map(\.id) == ["d2", "d1"])
        try folder.write("qrels/train.tsv", "query-id\tcorpus-id\tscore\nq2\td9\t1\n")
        let error = failure { () throws(TrainingError) in
            try ExampleStore.fill(from: TrainingSource.detect(folder.path))
        }
        let qrels = folder.path + "/qrels/train.tsv"
        #expect(error == .unknownPassage(id: "d9", place: SourcePlace(path: qrels, line: 2)))
        try folder.write("qrels/train.tsv", "q2 0 d1 1\nq1 0 d1 1\n\nq9 0 d1 1\nq9 0 d8 1\n")
        let other = failure { () throws(TrainingError) in
            try ExampleStore.fill(from: TrainingSource.detect(folder.path))
        }
        #expect(other == .unknownQuestion(id: "q9", place: SourcePlace(path: qrels, line: 4)))
    }

    @Test func `JSON in one line may be longer than a row of a table`() throws {
        let folder = try TemporaryFolder()
        let text = String(repeating: "word ", count: 700_000)
        let row = "{\"question\": \"q\", \"positive_ctxs\": [{\"text\": \"\(text)\"}]}"
        let rows = [String](repeating: row, count: 5).joined(separator: ",")
        let source = try TrainingSource.detect(try folder.write("train.json", "[\(rows)]"))
        #expect(source.form == .dpr)
        #expect(try ExampleStore.fill(from: source).count == 5)
    }

    @Test func `pairs come as columns or as objects`() throws {
        let folder = try TemporaryFolder()
        let table = try folder.write("pairs.tsv", "what?\tthis\nwho?\tshe\n")
        let objects = try folder.write(
            "pairs.jsonl",
            "{\"question\": \"what?\", \"answer\": \"this\"}\n"
                + "{\"query\": \"who?\", \"passage\": \"she\", \"title\": \"T\"}\n")
        for path in [table, objects] {
            let source = try TrainingSource.detect(path)
            #expect(source.form == .pairs)
            let rows = try rows(of: source)
            #expect(rows.map(\.question) == ["what?", "who?"])
            #expect(rows.map { $0.positives[0].text } == ["this", "she"])
        }
    }

    @Test(.enabled(if: TestFiles.data != nil, "SHEAF_TEST_DATA names no folder"))
    func `DPR's own sample and SQuAD with its lists are read`() throws {
        let data = try #require(TestFiles.data)
        let sample = try ExampleStore.fill(
            from: TrainingSource.detect(data + "/dpr_sample/nq_dev_psgs_w100.sample.json"))
        #expect(sample.count == 5)
        #expect(try sample.example(0).question == "who sings does he love me with reba")
        #expect(try sample.example(0).hardNegatives.count > 20)
        let squad = try ExampleStore.fill(
            from: TrainingSource(
                path: data + "/squad/train.questions.jsonl",
                form: .lists(
                    corpus: data + "/squad/corpus.tsv",
                    negatives: data + "/squad/train.bm25neg.tsv")))
        #expect(squad.count == 78_514)
        let outline = try squad.outline(0)
        #expect(outline.positives.count == 1 && outline.hardNegatives.count == 5)
        #expect(try squad.passage(outline.positives[0]).id == "1")
    }
}
