import Foundation
import TestSupport
import Testing

/// Models and files that tests work with.
enum Fixtures {
    /// Makes a model folder of two tiny DPR towers with their tokenizer and gives its path.
    static func tinyModel(in folder: String) throws -> String {
        let model = folder + "/model"
        try Goldens.copyTowers(to: model)
        return model
    }

    /// A corpus of `count` passages with ids `p1`, `p2`, …, and texts that all differ.
    static func corpus(in folder: String, count: Int) throws -> String {
        let words = ["river", "stone", "wing", "engine", "paper", "salt", "tower", "letter"]
        var text = "id\ttext\ttitle\n"
        for row in 1...count {
            let picked = (0..<12).map { words[(row * 7 + $0 * $0 * 3 + row / 8) % words.count] }
            text += "p\(row)\t\(picked.joined(separator: " ")) number \(row)\ttitle \(row)\n"
        }
        let path = folder + "/corpus.tsv"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// Training data over `corpus`; the path.
    ///
    /// The positive of question `row` is passage `p<row>`.
    static func examples(
        _ count: Int, in folder: String, corpus: String,
        _ example: (Int) -> (question: String, answers: [String])
    ) throws -> String {
        var text = ""
        for row in 1...count {
            let (question, answers) = example(row)
            text +=
                "{\"qid\": \"q\(row)\", \"question\": \"\(question)\", \"answers\": \(answers),"
                + " \"passage_id\": \"p\(row)\"}\n"
        }
        let questions = folder + "/questions.jsonl"
        try text.write(toFile: questions, atomically: true, encoding: .utf8)
        let output = folder + "/train.json"
        let run = try Program.run(
            ["convert", "--input", questions, "--corpus", corpus, "--output", output], data: folder)
        #expect(run.status == 0 && run.output.hasPrefix("\(count) examples"), "\(run)")
        return output
    }
}
