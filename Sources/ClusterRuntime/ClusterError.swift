public import ClusterCore
import Corpus
import Foundation
import Models
import Training
import VectorIndex

/// What can go wrong in the running cluster.
public enum ClusterError: Error, Equatable, Sendable {
    /// The request or the files it names are at fault; the message says where and what to do.
    case input(String)
    /// There is no such collection.
    case unknownCollection(String, existing: [String])
    /// The collection holds another source.
    case otherSource(collection: String, indexed: String, given: String)
    /// The collection was made with another encoder or other settings.
    case otherSettings(collection: String, setting: String, indexed: String, given: String)
    /// Another coordinator holds the data folder.
    case dataFolderLocked(path: String, holder: String)
    /// Shards, workers or time were missing.
    case unavailable(String, Coverage?)
    /// A file could not be read or written.
    case storage(path: String, reason: String, remedy: String)
    /// Too much is waiting.
    case busy(String)
    /// The other side says what happened.
    case answered(Failure)
    /// A rule of ours was broken.
    case `internal`(String)
}

extension ClusterError: CustomStringConvertible {
    /// One message that ends with the remedy.
    public var description: String {
        switch self {
        case .input(let message): message
        case .unknownCollection(let name, let existing):
            "There is no collection “\(name)”. "
                + (existing.isEmpty
                    ? "Make one with `sheaf index CORPUS --collection \(name) --model DIR`."
                    : "Name one of: \(existing.joined(separator: ", ")).")
        case .otherSource(let collection, let indexed, let given):
            """
            Collection “\(collection)” holds another source: indexed \(indexed), given \(given). \
            Index this corpus under another name, or drop the collection first with \
            `sheaf collections drop \(collection)`.
            """
        case .otherSettings(let collection, let setting, let indexed, let given):
            """
            Collection “\(collection)” was made with \(setting) \(indexed), not \(given). \
            Leave the option out, index under another name, or drop the collection first with \
            `sheaf collections drop \(collection)`.
            """
        case .dataFolderLocked(let path, let holder):
            """
            Another coordinator\(holder.isEmpty ? "" : " (process \(holder))") holds the data \
            folder (\(path)). Use that one, stop it with `sheaf down`, or name another folder \
            with --data.
            """
        case .unavailable(let message, let coverage):
            message + (coverage.map { " (\($0.text))" } ?? "")
        case .storage(let path, let reason, let remedy): "\(path): \(reason). \(remedy)"
        case .busy(let message): message
        case .answered(let failure):
            failure.message + (failure.coverage.map { " (\($0.text))" } ?? "")
        case .internal(let message): "\(message) This is a defect of Sheaf: please report it."
        }
    }
}

extension ClusterError {
    /// The remedy for everything that can be made from a collection's source again.
    static func indexAgain(_ collection: String) -> String {
        """
        Run the command that made it again (`sheaf index … --collection \(collection)`, with the \
        same corpus and model): it checks every file and makes anew what is damaged or missing.
        """
    }

    /// The disk of `path` takes no more.
    static func fullDisk(_ path: String) -> ClusterError {
        .storage(
            path: path, reason: "the disk is full",
            remedy: "Free some disk space.")
    }

    /// The remedy for a catalog that cannot be read or trusted.
    static func rebuild(_ folder: String) -> String {
        """
        Run `sheaf collections rebuild --data \(folder)`: it keeps the damaged file and makes the \
        catalog anew from manifests and segments.
        """
    }

    /// The code that travels.
    public var code: FailureCode {
        switch self {
        case .input: .input
        case .unknownCollection: .notFound
        case .otherSource, .otherSettings, .dataFolderLocked: .conflict
        case .unavailable: .unavailable
        case .storage: .storage
        case .busy: .busy
        case .answered(let failure): failure.code
        case .internal: .internal
        }
    }

    /// The coverage that was reached, where the error is about that.
    public var coverage: Coverage? {
        switch self {
        case .unavailable(_, let coverage): coverage
        case .answered(let failure): failure.coverage
        default: nil
        }
    }

    /// The message that tells the other side.
    var failure: Failure {
        if case .answered(let failure) = self { return failure }
        return switch self {
        case .unavailable(let message, let coverage):
            Failure(code: code, message: message, coverage: coverage)
        default: Failure(code: code, message: description)
        }
    }

    /// Any error as one of ours.
    ///
    /// Typed errors of other rooms are about files and input, but for those of a disk that does not
    /// take or give what it should. An unknown one is a defect, and no fault of the user's.
    static func wrap(_ error: any Error) -> ClusterError {
        switch error {
        case let error as ClusterError: return error
        case let error as IndexError where error.isAboutStorage:
            return .answered(Failure(code: .storage, message: error.description))
        case let error as CorpusError:
            // The cluster reads no file of the user's but a corpus that is indexed.
            guard case .cannotWrite = error else { return .input(error.descriptionOfSkippable) }
            return .answered(Failure(code: .storage, message: error.description))
        case let error as TransportError: return wrap(error)
        case is IndexError, is ModelError, is TrainingError: return .input("\(error)")
        case is CancellationError:
            return .unavailable("The call was cancelled. Make it again.", nil)
        case is CocoaError, is POSIXError:
            let message = "\(error.localizedDescription). Check the file, then try again."
            return .answered(Failure(code: .storage, message: message))
        default: return .internal("An error of no known kind: \(error).")
        }
    }

    private static func wrap(_ error: TransportError) -> ClusterError {
        switch error {
        case .system, .stopped, .queueFull: .unavailable(error.description, nil)
        default: .input(error.description)
        }
    }
}

extension IndexError {
    /// True when a file could not be written, read, or trusted.
    var isAboutStorage: Bool {
        switch self {
        case .fileSystem, .checksumMismatch, .changedInUse, .malformedSegment, .invalidText,
            .nonFiniteRow:
            true
        default: false
        }
    }

    /// True when the file's content is not what was written.
    var isDamage: Bool {
        if case .fileSystem = self { false } else { isAboutStorage }
    }
}

extension Coverage {
    /// Coverage in words.
    public var text: String {
        "\(shardsAnswered) of \(shardsTotal) shards and "
            + "\(rowsAnswered) of \(rowsTotal) passages answered"
    }
}
