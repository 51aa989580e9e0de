public import Models

/// What can be wrong with a generator, its inputs or what is asked of it.
public enum GenerationError: Error, Equatable, Sendable {
    /// The model's files cannot be used.
    case model(ModelError)
    /// The folder holds a model that does not generate.
    case unknownArchitecture(folder: String, found: String)
    /// A setting has a value that cannot be meant, alone or beside another.
    case invalidOption(name: String, reason: String, remedy: String)
    /// A file asks for a way of generating that is not here.
    case unsupportedOption(path: String, key: String, value: String)
    /// A question has no passage to answer it from.
    case noPassages(index: Int)
    /// A source has no token.
    case emptySource(index: Int)
    /// A source is longer than the model has positions.
    case sourceTooLong(index: Int, tokens: Int, positions: Int)
    /// A token id lies outside of the vocabulary.
    case outsideVocabulary(token: Int, vocabulary: Int)
    /// The model gave a score that is not a number.
    case notFinite(source: Int, step: Int)
    /// Nothing is left to choose from.
    case noTokenAllowed(source: Int, step: Int)
}

extension GenerationError: CustomStringConvertible {
    /// What happened and what to do about it, in one message.
    public var description: String {
        switch self {
        case .model(let error): return error.description
        case .unknownArchitecture(let folder, let found):
            return "\(folder) holds no model that generates text (\(found)). Use a BART or T5 model"
                + " for conditional generation."
        case .invalidOption(let name, let reason, let remedy):
            return "\(name) \(reason). \(remedy)."
        case .unsupportedOption(let path, let key, let value):
            return "\(path): \(key) = \(value) is not supported. Remove the key to generate without"
                + " it."
        case .noPassages(let index):
            return "Question \(index) has no passage. Search for some, or give contexts."
        case .emptySource(let index):
            return "Source \(index) is empty. Give each source at least one token."
        case .sourceTooLong(let index, let tokens, let positions):
            return "Source \(index) has \(tokens) tokens, and the model \(positions) positions. Cut"
                + " the source."
        case .outsideVocabulary(let token, let vocabulary):
            return "The token \(token) lies outside of the vocabulary of \(vocabulary). Use the"
                + " tokenizer the model was trained with."
        case .notFinite(let source, let step):
            return "The scores of source \(source) at step \(step) are not numbers. Use a"
                + " checkpoint from before training diverged."
        case .noTokenAllowed(let source, let step):
            return "No token is allowed for source \(source) at step \(step). Loosen the constraint"
                + " or the list of bad words."
        }
    }
}

/// Runs what reads a model's files.
func reading<Result>(
    _ body: () throws(ModelError) -> Result
) throws(GenerationError) -> Result {
    do throws(ModelError) {
        return try body()
    } catch {
        throw .model(error)
    }
}
