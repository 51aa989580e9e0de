import Foundation
import TestSupport
import Testing

@testable import Corpus

@Suite(.enabled(if: TestFiles.data != nil, "SHEAF_TEST_DATA names no folder of real data"))
struct RealDataTests {
    private let data = TestFiles.data ?? ""

    @Test(arguments: [
        ("squad/corpus.tsv", 18_891), ("squad/valid.corpus.tsv", 1_942),
        ("dpr_sample/passages.tsv", 751), ("multihop/hotpot100.corpus.tsv", 994),
        ("multihop/2wiki.corpus.tsv", 6_119),
    ])
    func `every passage is read`(_ name: String, _ count: Int) throws {
        let read = try passages([data + "/" + name])
        #expect(read.count == count)
        #expect(Set(read.map(\.id)).count == count)
    }

    @Test func `the two empty documents of Cranfield are named, or skipped`() throws {
        let path = data + "/cranfield/corpus.tsv"
        #expect(
            throws: CorpusError.malformed(
                place: SourcePlace(path: path, line: 472), reason: .emptyPassage)
        ) { try passages([path]) }
        #expect(try passages([path], skipMalformed: true).count == 1_398)
    }

    @Test(arguments: [
        ("qas/NQ-open.efficientqa.dev.1.1.jsonl", QuestionFormat.json, 1_800),
        ("qas/curated-train.tsv", .curatedTREC, 430), ("qas/dpr.nq.dev.tsv", .dpr, 8_757),
        ("qas/webquestions.val.tsv", .dpr, 755), ("qas/webquestions.devtest.tsv", .dpr, 189),
        ("qas/webquestions.trainmodel.tsv", .dpr, 2_834),
        ("squad/valid.questions.jsonl", .json, 9_085), ("cranfield/queries.tsv", .identified, 225),
        ("multihop/hotpot100.questions.jsonl", .json, 100),
        ("dpr_sample/nq_dev_psgs_w100.sample.json", .json, 5),
    ])
    func `every question is read`(_ name: String, _ format: QuestionFormat, _ count: Int) throws {
        let path = data + "/" + name
        #expect(try QuestionFormat.detect(path) == format)
        let questions = try QuestionFile.read(path)
        #expect(questions.count == count)
        if format != .identified { #expect(questions.allSatisfy { !$0.answers.isEmpty }) }
    }

    @Test func `judgements and results are read`() throws {
        #expect(try RelevanceJudgements.read(data + "/cranfield/qrels").questionIDs.count == 225)
        #expect(
            try RelevanceJudgements.read(data + "/multihop/hotpot100.qrels").questionIDs.count
                == 100)
        let results = try DPRResults.read(
            data + "/retrieval_result/squad_valid150_bm25_top20.json")
        #expect(results.count == 150)
        #expect(results.allSatisfy { $0.entries.count == 20 })
    }
}
