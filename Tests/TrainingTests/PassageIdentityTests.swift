import Corpus
import TestSupport
import Testing

@testable import Training

/// What makes two passages one, in mining, masking and measuring.
struct PassageIdentityTests {
    private static func passage(
        _ text: String, title: String = "", id: String = "", of corpus: String? = nil
    ) -> TrainingPassage {
        TrainingPassage(id: id, title: title, text: text, corpus: corpus)
    }

    @Test func `across sources passages are one by their text, whatever form, space and title`() {
        let one = Self.passage("caf\u{E9} in\tVienna", title: "Caf\u{E9}", id: "1", of: "a")
        for text in [
            "caf\u{E9} in Vienna", "cafe\u{301} in  Vienna", " caf\u{E9}\u{A0}in\u{2003}Vienna\n",
        ] {
            for title in ["", "Other"] {
                #expect(one.isSame(as: Self.passage(text, title: title, id: "7")), "\(text)")
                #expect(one.isSame(as: Self.passage(text, title: title, id: "7", of: "b")))
            }
        }
        for text in ["cafe in Vienna", "caf\u{E9} inVienna", "Caf\u{E9} in Vienna", "", "x"] {
            #expect(!one.isSame(as: Self.passage(text, id: "1")), "\(text)")
            #expect(!one.isSame(as: Self.passage(text, id: "1", of: "b")), "\(text)")
        }
        // A ligature is no other form of its letters.
        #expect(!Self.passage("\u{FB01}n").isSame(as: Self.passage("fin")))
    }

    @Test func `within a corpus passages are one by their id, or by title and text`() {
        let one = Self.passage("1,000 live here", title: "Aa", id: "1", of: "c")
        #expect(one.isSame(as: Self.passage("written anew", title: "B", id: "1", of: "c")))
        #expect(one.isSame(as: Self.passage("1,000  live here", title: "Aa", id: "2", of: "c")))
        #expect(!one.isSame(as: Self.passage("1,000 live here", title: "Bb", id: "2", of: "c")))
    }

    @Test func `a passage that is only a title is told by it`() {
        let one = Self.passage("", title: "Aa")
        #expect(one.isSame(as: Self.passage(" ", title: "Aa ")))
        #expect(one.isSame(as: Self.passage("Aa")))
        #expect(!one.isSame(as: Self.passage("", title: "Bb")))
    }

    @Test func `the gold passage is not mined where the data lack its title`() throws {
        let folder = try TemporaryFolder()
        let corpus = try folder.write(
            "corpus.tsv",
            """
            id\ttext\ttitle
            1\tFaust is a play by Goethe\tFaust
            2\tFaust is a play of Marlowe\tFaustus
            3\tFaust is a  play by Goethe\tDrama

            """)
        let data = try folder.write(
            "train.tsv", "query_text\tgold_passage\nwho wrote faust\tFaust is a play by Goethe\n")
        var settings = MiningSettings()
        settings.perQuestion = 3
        var mined: [TrainingExample] = []
        let report = try HardNegativeMiner.mine(
            try TrainingSource.detect(data), from: try BM25Index.open(corpus), settings
        ) { example throws(TrainingError) in mined.append(example) }
        #expect(mined[0].hardNegatives.map(\.id) == ["2"])
        #expect(report.gold == 2)
    }

    @Test func `a negative with the id of a positive of another source stays through a file`()
        throws
    {
        let folder = try TemporaryFolder()
        let corpus = try folder.write(
            "corpus.tsv", "id\ttext\ttitle\n1\tfaust is an opera\tOpera\n2\tberlin\tBerlin\n")
        let data = try folder.write(
            "train.jsonl",
            #"{"question": "who wrote faust", "positive_ctxs": "#
                + #"[{"passage_id": "1", "title": "Faust", "text": "goethe wrote the play"}]}"#
                + "\n")
        let output = folder.path + "/mined.json"
        let writer = try TrainingWriter(output, form: .dpr)
        _ = try HardNegativeMiner.mine(
            try TrainingSource.detect(data), from: try BM25Index.open(corpus), MiningSettings()
        ) { example throws(TrainingError) in try writer.write(example) }
        try writer.finish()
        let read = try rows(of: try TrainingSource.detect(output))
        #expect(read[0].hardNegatives.map(\.text) == ["faust is an opera"])
        #expect(read[0].positives.map(\.id) == ["1"])
    }

    @Test func `passages of a BEIR folder mined in its own corpus are told by id`() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write(
            "corpus.jsonl",
            """
            {"_id": "a", "title": "Aa", "text": "a thousand live here"}
            {"_id": "b", "title": "Bb", "text": "a thousand live here"}

            """)
        _ = try folder.write("queries.jsonl", #"{"_id": "q", "text": "who live in aa"}"# + "\n")
        _ = try folder.write("qrels/train.tsv", "query-id\tcorpus-id\tscore\nq\ta\t1\n")
        var mined: [TrainingExample] = []
        let report = try HardNegativeMiner.mine(
            try TrainingSource.detect(folder.path),
            from: try BM25Index.open(folder.path + "/corpus.jsonl"), MiningSettings()
        ) { example throws(TrainingError) in mined.append(example) }
        #expect(mined[0].hardNegatives.map(\.id) == ["b"])
        #expect(report.gold == 1)
    }

    @Test func `in a batch a positive is no negative of a row that has it with another title`()
        throws
    {
        let folder = try TemporaryFolder()
        let data = try folder.write(
            "train.jsonl",
            """
            {"question": "one", "positive_ctxs": [{"title": "T", "text": "shared  text"}]}
            {"question": "two", "positive_ctxs": [{"title": "", "text": "shared text"}]}
            {"question": "three", "positive_ctxs": [{"title": "T", "text": "other text"}]}

            """)
        let store = try ExampleStore.fill(from: try TrainingSource.detect(data))
        #expect(try masks(of: store, InputSettings()) == [[1], [0], []])
    }

    private static let rowsOfOneQuestion = """
        {"question": "who wrote faust", "positive_ctxs": [{"text": "goethe wrote faust"}]}
        {"question": "who  wrote faust", "positive_ctxs": [{"text": "faust is by goethe"}],
         "hard_negative_ctxs": [{"text": "goethe wrote  faust"}, {"text": "faust is an opera"}]}
        {"question": "who wrote hamlet", "positive_ctxs": [{"text": "hamlet is by shakespeare"}]}

        """

    @Test func `questions of equal text mine none of their positives`() throws {
        let folder = try TemporaryFolder()
        let corpus = try folder.write(
            "corpus.tsv",
            "id\ttext\n1\tgoethe wrote faust\n2\tfaust is by goethe\n3\tfaust is an opera\n")
        let data = try folder.write("train.jsonl", Self.rowsOfOneQuestion)
        var settings = MiningSettings()
        settings.perQuestion = 3
        var mined: [TrainingExample] = []
        _ = try HardNegativeMiner.mine(
            try TrainingSource.detect(data), from: try BM25Index.open(corpus), settings
        ) { example throws(TrainingError) in mined.append(example) }
        #expect(mined.prefix(2).map { $0.hardNegatives.map(\.id) } == [["3"], ["3"]])
    }

    @Test func `questions of equal text share their positives in a batch and across data sets`()
        throws
    {
        let folder = try TemporaryFolder()
        let data = try folder.write("train.jsonl", Self.rowsOfOneQuestion)
        let more = try folder.write(
            "more.jsonl",
            #"{"question": "who wrote hamlet", "#
                + #""positive_ctxs": [{"text": "a play by shakespeare"}], "#
                + #""hard_negative_ctxs": [{"text": "hamlet is by shakespeare"}]}"# + "\n")
        let stores = [
            try ExampleStore.fill(from: try TrainingSource.detect(data)),
            try ExampleStore.fill(from: try TrainingSource.detect(more)),
        ]
        let numbers =
            (0..<3).map { ExampleNumber(dataset: 0, index: $0) }
            + [ExampleNumber(dataset: 1, index: 0)]
        let input = InputSettings()
        let batch = try input.batch(numbers[...], of: stores, seed: 1, epoch: 0)
        #expect(batch.items[1].passages.map(\.text) == ["faust is by goethe", "faust is an opera"])
        #expect(batch.items[3].passages.map(\.text) == ["a play by shakespeare"])
        let rows = input.rows(of: batch)
        let exchange = try BatchExchange(
            batch, rows: rows, withTexts: false, over: SoloGroup(), step: 0)
        #expect(rows == [[0], [1, 2], [3], [4]])
        #expect(exchange.masked(batch, own: rows, duplicates: true) == [[1], [0], [4], [3]])
        let plain = try input.batch(numbers[...], of: stores, seed: 1, epoch: 0, sharing: false)
        #expect(plain.items[3].passages.count == 2)
    }

    @Test func `in measuring no positive of a question counts against another of its rows`() throws
    {
        let folder = try TemporaryFolder()
        let data = try folder.write("dev.jsonl", Self.rowsOfOneQuestion)
        let store = try ExampleStore.fill(from: try TrainingSource.detect(data))
        let pool = try EvaluationPool(store, TrainingConfiguration())
        let texts = try pool.references.map { try store.passage($0).text }
        for example in pool.examples.prefix(2) {
            let known = texts.indices.filter { pool.isKnown($0, example) }.map { texts[$0] }
            #expect(
                Set(known) == ["goethe wrote faust", "faust is by goethe", "goethe wrote  faust"])
        }
    }

    private func masks(of store: ExampleStore, _ input: InputSettings) throws -> [[Int]] {
        let numbers = (0..<store.count).map { ExampleNumber(dataset: 0, index: $0) }
        let batch = try input.batch(numbers[...], of: [store], seed: 1, epoch: 0)
        let rows = input.rows(of: batch)
        let exchange = try BatchExchange(
            batch, rows: rows, withTexts: false, over: SoloGroup(), step: 0)
        return exchange.masked(batch, own: rows, duplicates: true)
    }
}
