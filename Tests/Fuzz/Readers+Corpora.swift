import Corpus
import Foundation
import Training

extension FuzzedReader {
    static let corpora = [
        table, lines, squad, packed, questions, jsonQuestions, judgements, run, results, training,
    ]

    private static let tableWords =
        words(
            "\t", "\n", "\r\n", "\"", "\"\"", "id\ttext\ttitle\n", "1\ta\tb\n", "\u{FEFF}", "\0",
            "\u{301}", "'", "[", "]") + [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0x1F, 0x8B]]

    private static let recordWords =
        jsonWords
        + words(
            "\"id\":", "\"_id\":\"", "\"docid\":", "\"text\":", "\"title\":",
            "\"contents\":\"a\\nb\"",
            "\"question\":", "\"answers\":[", "\"paragraphs\":[{\"context\":\"", "\"data\":[{",
            "\"qas\":[{", "\"positive_ctxs\":[{", "\"hard_negative_ctxs\":[", "}\n{")

    /// Whether `body` fails with an error of Corpus, or not at all.
    private static func accepts(_ body: () throws(CorpusError) -> Void) -> Bool {
        do throws(CorpusError) {
            try body()
            return true
        } catch {
            return error.description.isEmpty
        }
    }

    /// A reader of Corpus of one file, given its path.
    private static func reader(
        _ name: String, file: String? = nil, words: [[UInt8]], seeds: [[UInt8]],
        read: @escaping @Sendable (String) throws(CorpusError) -> Void
    ) -> FuzzedReader {
        let file = file ?? name
        return FuzzedReader(
            name: name, file: file, words: words, seeds: { _ in seeds },
            read: { folder in
                accepts { () throws(CorpusError) in try read("\(folder)/\(file)") }
            })
    }

    /// Reads all passages of a corpus, its scan too.
    private static func readCorpus(_ path: String) throws(CorpusError) {
        let source = try CorpusSource(paths: [path])
        let reader = try PassageReader(source)
        while let passage = try reader.next() { _ = passage.text.utf8.count }
    }

    private static let table = reader(
        "tsv", file: "corpus.tsv", words: tableWords,
        seeds: texts(
            "id\ttext\ttitle\n1\tAaron is a prophet.\tAaron\n2\t\"He said \"\"no\"\"\"\tB\n",
            "id\ttext\ttitle\r\n7\t\"two\nlines\"\t\r\n", "12\tA text alone\n13\tand another\n",
            "\u{FEFF}id\ttitle\ttext\n\u{E4}\t\u{4E2D}\u{6587}\t\u{1F600}\n"),
        read: readCorpus)

    private static let lines = reader(
        "jsonl", file: "corpus.jsonl", words: recordWords,
        seeds: texts(
            "{\"_id\":\"1\",\"title\":\"t\",\"text\":\"a\","
                + "\"metadata\":{}}\n{\"_id\":\"2\",\"text\":\"b\"}\n",
            "{\"id\":1,\"contents\":\"t\\na b\"}\n{\"id\":2,\"contents\":\"c\"}\n",
            "{\"docid\":\"x\",\"title\":null,\"text\":\"\\u00e4\"}\r\n\n",
            "{\"text_id\":7,\"text\":\"y\",\"other\":[1,{\"a\":[]}]}\n"),
        read: readCorpus)

    private static let squad = FuzzedReader(
        name: "squad", file: "squad.json", words: recordWords,
        seeds: { _ in
            texts(
                "{\"version\":\"1.1\",\"data\":[{\"title\":\"T\","
                    + "\"paragraphs\":[{\"context\":\"a b c\","
                    + "\"qas\":[{\"id\":\"q\",\"question\":\"what?\",\"answers\":[{\"text\":\"b\","
                    + "\"answer_start\":2}]}]},{\"context\":\"d\",\"qas\":[]}]}]}")
        },
        read: { folder in
            let path = folder + "/squad.json"
            let isRead = accepts { () throws(CorpusError) in try readCorpus(path) }
            let isAsked = accepts { () throws(CorpusError) in _ = try QuestionFile.read(path) }
            return isRead || isAsked
        })

    /// Compressed, so that what is damaged is the compression.
    private static let packed = reader(
        "tsv.gz", file: "corpus.tsv.gz",
        words: [
            [0x1F, 0x8B, 8, 0], [0], [1, 0, 0, 0xFF, 0xFF], [3, 0], [0xFF, 0xFF], [0x0A], [0x09],
        ],
        seeds: ArchiveSeeds.gzip, read: readCorpus)

    private static let questions = reader(
        "questions", file: "questions.txt",
        words: tableWords + words("['a', \"b\"]", "[]", "\\'", "\\x41", "\\u0041", "\\"),
        seeds: texts(
            "who wrote faust\nwhere is the river\n", "1\twho\n2\twhere\n",
            "who wrote it\t['Goethe', \"J. W. \\u00fc\", 'it\\'s']\n",
            "1\tx\twhat year\t(18|19)\\d+\n"),
        read: { path throws(CorpusError) in _ = try QuestionFile.read(path) })

    private static let jsonQuestions = reader(
        "questions.json", words: recordWords,
        seeds: texts(
            "{\"question\":\"who\",\"answer\":[\"a\"]}\n{\"question\":\"where\","
                + "\"answer\":[]}\n",
            "[{\"qid\":1,\"question\":\"who\",\"answers\":[\"a\"],\"passage_ids\":[\"1\",2]}]",
            "{\"_id\":\"1\",\"text\":\"who\",\"passage_id\":\"7\"}\n"),
        read: { path throws(CorpusError) in _ = try QuestionFile.read(path) })

    private static let judgements = reader(
        "qrels",
        words: tableWords
            + words(" ", "query-id\tcorpus-id\tscore\n", "1 0 2 1\n", "-9223372036854775809", "+1"),
        seeds: texts(
            "1 0 7 1\n1 0 8 0\n2 0 7 -1\n", "query-id\tcorpus-id\tscore\n1\t7\t1\n2\t8\t2\n",
            "1\t7\t1\r\n"),
        read: { path throws(CorpusError) in _ = try RelevanceJudgements.read(path) })

    private static let run = reader(
        "run",
        words: tableWords
            + words(" ", "1 Q0 7 1 0.5 x\n", "nan", "inf", "1e400", "9223372036854775808", "0x1p3"),
        seeds: texts("1 Q0 7 1 2.5 x\n1 Q0 8 2 1e-3 x\n2 Q0 7 1 -4 x\n", "1\t7\t1\n1\t8\t2\n"),
        read: { path throws(CorpusError) in _ = try TRECRun.read(path) })

    private static let results = reader(
        "results", file: "results.json",
        words: recordWords + words("\"ctxs\":[", "\"score\":\"1.5\"", "\"has_answer\":true"),
        seeds: texts(
            "[{\"question\":\"who\",\"answers\":[\"a\"],\"ctxs\":[{\"id\":\"1\","
                + "\"title\":\"t\",\"text\":"
                + "\"a b\",\"score\":\"1.5\",\"has_answer\":true},{\"id\":2,"
                + "\"title\":\"\",\"text\":\"c\","
                + "\"score\":1,\"has_answer\":false}]}]"),
        read: { path throws(CorpusError) in _ = try DPRResults.read(path) })

    /// Training data of the forms that are one file.
    private static let training = FuzzedReader(
        name: "training", file: "train", words: recordWords + tableWords,
        seeds: { _ in
            texts(
                "[{\"question\":\"who\",\"answers\":[\"a\"],"
                    + "\"positive_ctxs\":[{\"title\":\"t\",\"text\":\"a\","
                    + "\"score\":1.5,\"passage_id\":\"1\"}],\"negative_ctxs\":[],"
                    + "\"hard_negative_ctxs\":"
                    + "[{\"title\":\"n\",\"text\":\"b\"}]}]",
                "{\"question\":\"who\",\"answer\":\"a\"}\n", "who\ta b\nwhere\tc d\n",
                "query_text\tgold_passage\thard_negative\nwho\ta\tb\nwhere\tc\td\n",
                "{\"data\":[{\"title\":\"T\",\"paragraphs\":[{\"context\":\"a b\","
                    + "\"qas\":[{\"id\":\"q\","
                    + "\"question\":\"what?\",\"answers\":[{\"text\":\"b\","
                    + "\"answer_start\":2}]}]}]}]}"
            )
        },
        read: { folder in
            do throws(TrainingError) {
                let source = try TrainingSource.detect(folder + "/train")
                _ = try ExampleStore.fill(from: source, scratchFolder: folder)
                return true
            } catch {
                return error.description.isEmpty
            }
        })
}
