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

    private func masks(of store: ExampleStore, _ input: InputSettings) throws -> [[Int]] {
        let numbers = (0..<store.count).map { ExampleNumber(dataset: 0, index: $0) }
        let batch = try input.batch(numbers[...], of: [store], seed: 1, epoch: 0)
        let rows = input.rows(of: batch)
        let exchange = try BatchExchange(
            batch, rows: rows, withTexts: false, over: SoloGroup(), step: 0)
        return exchange.masked(batch, own: rows, duplicates: true)
    }
}
