import Foundation
import TestSupport
import Testing

@testable import Evaluation

/// ROUGE-L beside rouge_score, BLEU beside sacrebleu.
struct AnswerTextTests {
    private struct Golden: Decodable {
        struct Row: Decodable {
            var answer: String
            var references: [String]
            var rouge: Double

            enum CodingKeys: String, CodingKey {
                case answer, references
                case rouge = "rouge_l"
            }
        }
        struct Part: Decodable {
            var from: Int
            var to: Int
            var bleu1: Double
            var bleu4: Double

            enum CodingKeys: String, CodingKey {
                case from, to
                case bleu1 = "bleu_1"
                case bleu4 = "bleu_4"
            }
        }
        var rows: [Row]
        var sets: [Part]

        static func read() throws -> Golden {
            let url = URL(fileURLWithPath: fixtures + "/answer_texts.json")
            return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
        }
    }

    @Test func `ROUGE-L is that of rouge_score`() throws {
        let rows = try Golden.read().rows
        #expect(rows.count > 50)
        for row in rows {
            let value = RougeL.f1(row.answer, references: row.references)
            #expect(abs(value - row.rouge) < 1e-12, "\(row.answer)")
        }
    }

    @Test func `BLEU is that of sacrebleu, for sets and for single answers`() throws {
        let golden = try Golden.read()
        #expect(golden.sets.count > 10)
        for part in golden.sets {
            var bleu = CorpusBLEU()
            for row in golden.rows[part.from..<part.to] {
                bleu.add(row.answer, references: row.references)
            }
            #expect(abs(bleu.value(order: 1) - part.bleu1) < 1e-9, "\(part.from)..<\(part.to)")
            #expect(abs(bleu.value(order: 4) - part.bleu4) < 1e-9, "\(part.from)..<\(part.to)")
        }
    }

    @Test func `no reference and no answer give nothing`() {
        #expect(RougeL.f1("a word", references: []) == 0)
        var bleu = CorpusBLEU()
        bleu.add("a word", references: [])
        #expect(bleu.value(order: 4) == 0)
        bleu.add("", references: [""])
        #expect(bleu.value(order: 1) == 0)
    }
}
