import Formats
import Foundation
public import Generation
import Models
import Tokenizers

/// A model that answers questions from retrieved passages.
///
///     let model = try RagModel.open("rag-sequence-nq")
///     let contexts = try GivenContexts(file: "results.json")
///     let answers = try await model.answer(contexts.questions, from: contexts)
///     answers[0].answers[0].text
///
/// Opened from a RAG folder of Hugging Face's layout, or from any BART or T5 that was trained to
/// answer from a passage joined with its question.
public struct RagModel: Sendable {
    /// The generator with its tokenizer.
    public let generator: TextGenerator
    /// How questions are encoded and joined with passages.
    public var questions: RagQuestions
    /// How passages are summed over where nobody says: as the folder's class does.
    public let kind: RagKind

    /// Which question encoder is loaded beside the generator.
    public enum QuestionEncoder: Equatable, Sendable {
        /// None: the retriever looks questions up by their text.
        case none
        /// That of the RAG folder.
        case own
        /// That of another folder.
        case folder(String)
    }

    /// Opens a RAG folder, or a generator's.
    ///
    /// - Parameters:
    ///   - folder: With the generator's tokenizer in `generator_tokenizer/`, or in itself.
    ///   - questionEncoder: Which one is loaded; most retrievers need none.
    public static func open(
        _ folder: String, questionEncoder: QuestionEncoder = .none,
        _ loading: GeneratorLoading = GeneratorLoading()
    ) throws(SheafError) -> RagModel {
        try typed {
            let folder = try ModelFolders.existing(folder)
            let json = try JSONFile(folder + "/config.json", purpose: "the model's parts")
            return RagModel(
                generator: try TextGenerator.open(folder, loading),
                questions: try RagQuestions.open(folder, encoder: questionEncoder),
                kind: kind(json))
        }
    }

    private static func kind(_ json: JSONFile) -> RagKind {
        guard case .array(let classes) = json["architectures"],
            classes.contains(.string("RagTokenForGeneration"))
        else { return .sequence }
        return .token
    }
}

/// What of a passage with its question is cut where both do not fit.
public enum ContextTruncation: String, CaseIterable, Sendable {
    /// Their end: a long passage cuts the question off, as in the reference.
    case end
    /// The passage's text.
    case passage
}

extension RagModel {
    /// How passages and questions are joined, and how many passages there are.
    public var configuration: RagConfiguration { questions.configuration }

    /// The tokens of a passage with its question, cut to what the generator reads.
    func source(
        title: String, text: String, question: String, _ truncation: ContextTruncation,
        _ cuts: inout TextCuts
    ) -> [Int32] {
        let limit = configuration.maximumCombinedLength
        var own = TextCuts()
        let whole = generator.source(
            of: configuration.context(title: title, text: text, question: question),
            limit: limit, &own)
        defer { cuts.add(own) }
        guard truncation == .passage, own.tokensCut > 0 else { return whole }
        // The longest beginning of the text with which all fits.
        let scalars = text.unicodeScalars
        func source(_ length: Int) -> (ids: [Int32], cut: Int) {
            var part = TextCuts()
            let kept = String(String.UnicodeScalarView(scalars.prefix(length)))
            let ids = generator.source(
                of: configuration.context(title: title, text: kept, question: question),
                limit: limit, &part)
            return (ids, part.tokensCut)
        }
        var best = source(0)
        guard best.cut == 0 else { return whole }
        var (fits, tooLong) = (0, scalars.count)
        while tooLong - fits > 1 {
            let middle = (fits + tooLong) / 2
            let tried = source(middle)
            if tried.cut == 0 { (fits, best) = (middle, tried) } else { tooLong = middle }
        }
        return best.ids
    }
}
