import Base
public import ClusterRuntime
public import Corpus
public import Evaluation
import Foundation
public import Generation
public import Models
public import Tokenizers

/// What can go wrong in a call of this library.
public enum SheafError: Error, Equatable, Sendable {
    /// What was asked for makes no sense; the message says what to ask instead.
    case request(String)
    /// A corpus, question or result file is at fault.
    case corpus(CorpusError)
    /// A model folder is at fault.
    case model(ModelError)
    /// A tokenizer's files are at fault.
    case tokenizer(TokenizerError)
    /// A generator is at fault, or what is asked of it.
    case generation(GenerationError)
    /// A question cannot be answered: the search failed at a step.
    case question(id: String, step: Int, GenerationError)
    /// The cluster is at fault, or refused.
    case cluster(ClusterError)
    /// Results cannot be measured.
    case evaluation(EvaluationError)
    /// A file could not be written.
    case cannotWrite(path: String, reason: String)
    /// A vector is not finite.
    case notFinite(id: String)
    /// Whoever read the standard output went away.
    case readerGone
    /// The call was cancelled; the message says how to go on.
    case interrupted(String)
    /// Anything else: a rule of ours was broken.
    case unexpected(String)
}

extension SheafError: CustomStringConvertible {
    /// One message that ends with the remedy.
    public var description: String {
        switch self {
        case .request(let message), .interrupted(let message): message
        case .corpus(let error): "\(error)"
        case .model(let error): "\(error)"
        case .tokenizer(let error): "\(error)"
        case .generation(let error): "\(error)"
        case .question(let id, let step, let error):
            switch error {
            case .notFinite:
                "Question \(id): the scores at step \(step) are not numbers. Use a checkpoint from "
                    + "before training diverged."
            default: "Question \(id): \(error)"
            }
        case .cluster(let error): "\(error)"
        case .evaluation(let error): "\(error)"
        case .cannotWrite(let path, let reason):
            "\(path) cannot be written: \(reason). Check the folder, its permissions and the space."
        case .notFinite(let id):
            "The vector of “\(id)” is not finite. Check the model's weights."
        case .readerGone: "The reader of the output has gone."
        case .unexpected(let message): "\(message) This is a defect of Sheaf: please report it."
        }
    }
}

extension SheafError {
    /// Any error of the rooms below as one of ours.
    public init(_ error: any Error) {
        switch error {
        case let error as SheafError: self = error
        case let error as ClusterError: self = .cluster(error)
        case let error as CorpusError: self = .corpus(error)
        case let error as ModelError: self = .model(error)
        case let error as TokenizerError: self = .tokenizer(error)
        case let error as GenerationError: self = .generation(error)
        case let error as EvaluationError: self = .evaluation(error)
        case let error as TransportError: self = .request("\(error)")
        case let error as CocoaError:
            let path = error.filePath.map { "\($0): " } ?? ""
            self = .request(
                "\(path)\(error.localizedDescription) Check the path, its permissions and the "
                    + "space left.")
        default: self = .unexpected("\(error).")
        }
    }
}

extension SheafError {
    /// How a process that ends with this error tells so.
    public enum ExitStatus: Int32, CaseIterable, Sendable {
        /// Something nobody foresaw.
        case unexpected = 1
        /// The call or the files it names are at fault.
        case input = 2
        /// The cluster, its disk or its workers are at fault; the same call may succeed later.
        case cluster = 3
        /// The call was interrupted.
        case interrupted = 130
    }

    /// The exit status of a process that ends with this error; nil where that is no failure.
    public var exitStatus: ExitStatus? {
        switch self {
        case .request, .corpus, .model, .tokenizer, .generation, .question, .evaluation,
            .notFinite:
            .input
        case .cannotWrite: .input
        case .cluster(let error):
            switch error.code {
            case .input, .notFound, .conflict, .denied: .input
            case .unavailable, .storage, .internal, .busy: .cluster
            case .unknown: .unexpected
            }
        case .readerGone: nil
        case .interrupted: .interrupted
        case .unexpected: .unexpected
        }
    }

    /// One word for the kind of error, for programs.
    public var code: String {
        switch self {
        case .cluster(let error): "\(error.code)"
        case .request, .corpus, .model, .tokenizer, .generation, .question, .evaluation,
            .notFinite, .cannotWrite:
            "input"
        case .readerGone: "readerGone"
        case .interrupted: "interrupted"
        case .unexpected: "unexpected"
        }
    }
}

/// Runs `body` and gives its errors as ours.
func typed<Value>(_ body: () throws -> Value) throws(SheafError) -> Value {
    do {
        return try body()
    } catch {
        throw SheafError(error)
    }
}

extension SheafError {
    /// A file could not be written.
    init(writing error: FileError) {
        self = .cannotWrite(path: error.path, reason: error.reason)
    }
}

/// Runs `body` and gives its errors as ours, and any error of a cancelled task as an interruption.
func typed<Value>(
    interrupted message: @autoclosure () -> String, _ body: () async throws -> Value
) async throws(SheafError) -> Value {
    do {
        return try await body()
    } catch {
        throw Task.isCancelled ? .interrupted(message()) : SheafError(error)
    }
}
