import Corpus
import Foundation
import VectorIndex

/// An index that others wrote, searched in this process.
///
///     let files = try StoredPassageFiles(index: "my_index.faiss", passages: "my_dataset")
///
/// The folder of DPR's own files (graph, ids and passages), the folder that a retriever's
/// `save_pretrained` wrote, or a Faiss file with the data set that `save_to_disk` wrote. Ids, order
/// and scores are those of transformers' `RagRetriever`; of what its index finds, the highest inner
/// product comes first.
public struct StoredPassageFiles: PassageRetriever {
    /// What tells the files from others, or from earlier ones of their names.
    public let stamp: String
    private let passages: any StoredPassages

    /// What `RagRetriever.save_pretrained` of transformers calls its data set and index.
    private static let (savedData, savedIndex) = ("hf_dataset", "hf_dataset_index.faiss")

    /// Opens an index.
    ///
    /// - Parameters:
    ///   - index: A Faiss file; where `passages` is nil a folder of DPR's files, or of a retriever.
    ///   - passages: The folder of the data set.
    /// - Throws: naming the file that is missing, damaged or does not fit.
    public init(index: String, passages: String? = nil) throws(SheafError) {
        var (index, passages) = (index, passages)
        let isFolder = (try? FileManager.default.contentsOfDirectory(atPath: index)) != nil
        guard FileManager.default.fileExists(atPath: index) else {
            throw .request("\(index) is not there. Name a Faiss file, or a folder of DPR's files.")
        }
        if passages == nil, isFolder {
            let data = index + "/" + Self.savedData
            if FileManager.default.fileExists(atPath: data) {
                passages = data
                index += "/" + Self.savedIndex
            }
        }
        guard passages != nil || isFolder else {
            throw .request(
                "\(index) is a file, and its passages are not named. Name the folder of its data "
                    + "set with --dataset.")
        }
        stamp = ([index] + [passages].compactMap { $0 }).map { FileStamp(ofAll: $0).text }
            .joined(separator: "; ")
        do throws(IndexError) {
            if let passages {
                self.passages = try SavedPassages(folder: passages, index: index)
            } else {
                self.passages = try LegacyPassages(folder: index)
            }
        } catch {
            throw .request(error.description)
        }
    }

    /// How many passages there are.
    public var count: Int { passages.count }

    /// Vectors as long as the passages'.
    public var key: RetrieverKey { .vector(dimension: passages.dimension) }

    /// The passages of highest inner product that the index finds.
    public func retrieve(
        _ questions: [RetrieverQuestion], k: Int
    ) async throws(SheafError) -> [RetrievedPassages] {
        try await onOwnThread { stop throws(SheafError) in try search(questions, k: k, stop) }
    }

    private func search(
        _ questions: [RetrieverQuestion], k: Int, _ stop: () -> Bool
    ) throws(SheafError) -> [RetrievedPassages] {
        var results: [RetrievedPassages] = []
        for question in questions {
            if stop() { throw .interrupted("Interrupted.") }
            guard let vector = question.vector else {
                throw .request(
                    "Question \(question.question.id) has no vector. Encode it with the question "
                        + "encoder that the index was made for.")
            }
            do throws(IndexError) {
                results.append(RetrievedPassages(passages: try passages.search(vector, k: k)))
            } catch {
                throw .request(
                    "Question \(question.question.id): \(error.description)")
            }
        }
        return results
    }
}

/// Passages beside an index that others wrote.
private protocol StoredPassages: Sendable {
    var count: Int { get }
    var dimension: Int { get }

    func search(_ question: [Float], k: Int) throws(IndexError) -> [RankedEntry]
}

extension LegacyPassages: StoredPassages {}
extension SavedPassages: StoredPassages {}
