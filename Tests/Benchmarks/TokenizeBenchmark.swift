import ArgumentParser
import Sheaf
import Tokenizers

/// How fast one thread turns the passages of a corpus into token ids.
struct TokenizeBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Tokenize a corpus on one thread.")

    @Option(help: "The model folder.") var model: String
    @Option(help: "The corpus.") var corpus: String
    @Option(help: "Passages to tokenize.") var limit = Int.max
    @Option(help: "Measured runs.") var runs = 1
    @Option(help: "What the measurement is called.") var what = "tokenize"

    func run() throws {
        let tokenizer = try FolderTokenizer.open(model)
        let texts = try passages(of: corpus, limit: limit).map { passage in
            passage.title.isEmpty ? passage.text : passage.title + " " + passage.text
        }
        var ids: [Int32] = []
        var segments: [Int32] = []
        let clock = ContinuousClock()
        for run in 0...runs {
            let seconds =
                clock.measure {
                    for text in run == 0 ? texts.prefix(64) : texts[...] {
                        ids.removeAll(keepingCapacity: true)
                        segments.removeAll(keepingCapacity: true)
                        tokenizer.encodeIDs(
                            text, pair: nil, maximumLength: 256, into: &ids, typeIDs: &segments)
                    }
                } / .seconds(1)
            guard run > 0 else { continue }
            try Measurement(
                what: what, threads: 1, passages: texts.count, seconds: seconds
            ).printLine()
        }
    }
}

/// The texts of questions, one a line, for peers that read no other form.
struct QuestionListing: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Print the texts of questions, one a line.")

    @Option(help: "A file of questions.") var questions: String
    @Option(help: "Questions to print.") var limit = 1_000

    func run() throws {
        for question in try QuestionFile.read(questions).prefix(limit) {
            print(question.text.split(whereSeparator: \.isNewline).joined(separator: " "))
        }
    }
}
