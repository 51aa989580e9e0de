import Corpus
import Formats
import Foundation
public import Generation
public import Models
import Tokenizers

/// The side of RAG that reads questions: what encodes them for retrievers that compare vectors, and
/// how a question is joined with a passage.
///
///     let questions = try RagQuestions.open("rag-sequence-nq", encoder: .own)
///
/// It has no generator: prompts for generators elsewhere need no more.
public struct RagQuestions: Sendable {
    /// How passages and questions are joined, and how many passages there are.
    public var configuration = RagConfiguration()
    /// What encodes questions; nil: retrievers look them up by their text.
    public var encoder: TextEncoder?
    /// The tokenizer whose decoding is the question that the generator reads; nil: the question is
    /// read as it was asked.
    var tokenizer: (any TextTokenizer)?

    /// Joins as RAG does by default, and encodes nothing.
    public init() {}

    /// Opens what a RAG folder says; of another model, or none, the defaults.
    ///
    /// - Parameter encoder: Which one is loaded; most retrievers need none.
    public static func open(
        _ folder: String?, encoder: RagModel.QuestionEncoder = .none
    ) throws(SheafError) -> RagQuestions {
        try typed {
            var questions = RagQuestions()
            var own: String?
            if let folder {
                let folder = try ModelFolders.existing(folder)
                let json = try JSONFile(folder + "/config.json", purpose: "the model's parts")
                if try json.string("model_type") == "rag" {
                    questions.configuration = try RagConfiguration(folder: folder)
                    let words = folder + "/question_encoder_tokenizer"
                    if FileManager.default.fileExists(atPath: words) {
                        questions.tokenizer = try FolderTokenizer.open(words)
                    }
                    own = folder
                }
            }
            switch encoder {
            case .none: break
            case .own:
                guard let own else {
                    throw SheafError.request(
                        "\(folder ?? "No model") has no question encoder, and the passages are "
                            + "compared by vectors. Name one with --question-model, or a RAG "
                            + "folder."
                    )
                }
                questions.encoder = try TextEncoder.load(folder: own, tower: .question)
            case .folder(let other):
                questions.encoder = try TextEncoder.load(
                    folder: try ModelFolders.place(of: .question, in: other), tower: .question)
            }
            return questions
        }
    }
}

extension RagQuestions {
    /// The question as the generator reads it.
    func text(of question: String, _ form: QuestionText) -> String {
        guard let tokenizer, form != .original else { return question }
        return tokenizer.decode(
            tokenizer.encode(question).ids, skipSpecialTokens: true,
            cleansSpaces: form == .decoded)
    }

    /// Questions as a retriever takes them, with their vectors where it compares these.
    ///
    /// They are encoded on a thread of their own.
    func asked(
        _ questions: [Question], for key: RetrieverKey, threads: Int
    ) async throws(SheafError) -> [RetrieverQuestion] {
        guard case .vector(let dimension) = key else {
            return questions.map { RetrieverQuestion($0) }
        }
        guard let encoder else {
            throw .request(
                "The passages are compared by vectors, and no question encoder is loaded. Name one."
            )
        }
        guard encoder.dimension == dimension else {
            throw .request(
                "The question encoder gives \(encoder.dimension) components, and the passages "
                    + "have \(dimension). Name the encoder they were encoded for.")
        }
        let all = try await onOwnThread { () throws(SheafError) in
            encoder.encode(questions: questions.map(\.text), threads: threads)
        }
        return questions.enumerated().map { row, question in
            RetrieverQuestion(
                question, vector: Array(all[row * dimension..<(row + 1) * dimension]))
        }
    }
}

/// The question as the generator reads it behind a passage.
public enum QuestionText: String, CaseIterable, Sendable {
    /// As the question tokenizer decodes it, blanks before punctuation taken away: what the
    /// reference did to release 4.41.
    case decoded
    /// As the question tokenizer decodes it, blanks kept: what the reference does from 4.56 on.
    case spaced
    /// As it was asked.
    case original
}
