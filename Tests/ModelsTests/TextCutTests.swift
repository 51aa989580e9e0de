import TestSupport
import Testing

@testable import Models

/// Texts that are longer than their encoder takes.
@Suite(.enabled(if: Goldens.has("models/dpr_ctx"), "the model is not among the goldens"))
struct TextCutTests {
    private static func encoder() throws -> (TemporaryFolder, TextEncoder) {
        let folder = try TemporaryFolder()
        try Goldens.copyTowers(to: folder.path)
        return (
            folder,
            try TextEncoder.load(folder: folder.path + "/context_encoder", tower: .context)
        )
    }

    @Test func `tokens that do not fit are counted, with any number of threads`() throws {
        let (folder, encoder) = try Self.encoder()
        let most = encoder.maximumLength
        func words(_ count: Int) -> String {
            [String](repeating: "the", count: count).joined(separator: " ")
        }
        // Special tokens: one before, one behind, and one between title and text.
        let passages: [(title: String, text: String)] = [
            ("", words(most - 2)), ("", words(most - 1)), ("", "the"),
            ("the", words(most - 4)), ("the", words(most + 6)), (words(most), words(most)),
        ]
        for threads in [1, 3] {
            var cuts = TextCuts()
            let vectors = encoder.encode(passages: passages, threads: threads, cuts: &cuts) { _ in }
            #expect(vectors == encoder.encode(passages: passages))
            #expect(cuts.texts == 6 && cuts.textsCut == 3)
            #expect(cuts.tokensCut == 1 + 10 + (2 * most + 3 - most))
            #expect(cuts.tokens - cuts.tokensCut == 5 * most + 3)
        }
        var questions = TextCuts()
        _ = encoder.encode(questions: ["the", words(most)], cuts: &questions)
        #expect(questions.textsCut == 1 && questions.tokensCut == 2)
        let each = encoder.encode(countingCuts: ["the", words(most), "the"], threads: 2).cuts
        #expect(each.map(\.tokensCut) == [0, 2, 0] && each.map(\.tokens) == [3, most + 2, 3])
        withExtendedLifetime(folder) {}
    }

    @Test(.enabled(if: Goldens.has("models/dpr_reader"), "the reader is not among the goldens"))
    func `a reader counts what it cannot read of a passage`() throws {
        let folder = try TemporaryFolder()
        try Goldens.copyModel("dpr_reader", to: folder.path)
        let reader = try DPRReader.load(folder: folder.path)
        let trained = try TrainableReader.load(folder: folder.path)
        let most = reader.maximumLength
        let long = [String](repeating: "the", count: most).joined(separator: " ")
        // [CLS] the [SEP] the [SEP], and behind them the text.
        let cuts = reader.cuts(question: "the", passages: [("the", "the"), ("the", long)])
        #expect(cuts.texts == 2 && cuts.textsCut == 1 && cuts.tokensCut == 5)
        let tokens = trained.tokenise(question: "the", title: "the", text: long).tokens
        #expect(tokens.ids.count == most && tokens.cut == 5)
        let short = trained.tokenise(question: "the", title: "the", text: "the", maximumLength: 6)
        #expect(short.tokens.cut == 0)
        withExtendedLifetime(folder) {}
    }

    @Test func `what is lost of an endless text is counted so far and no farther`() throws {
        let (folder, encoder) = try Self.encoder()
        let text = String(repeating: "the ", count: 3 * TextCuts.countedTokens)
        var cuts = TextCuts()
        _ = encoder.encode(passages: [("", text)], cuts: &cuts) { _ in }
        #expect(cuts.tokens == TextCuts.countedTokens + 2)
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: [
        (1000, 0, "0.0"), (999, 1, "0.1"), (5000, 1, "less than 0.1"), (1, 3, "75.0"),
    ])
    func `the share that is lost is said in per cent`(kept: Int, cut: Int, text: String) {
        var cuts = TextCuts()
        cuts.add(kept: kept, cut: cut)
        #expect(cuts.percentCut == text)
    }
}
