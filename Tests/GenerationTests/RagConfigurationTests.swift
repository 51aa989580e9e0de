import Foundation
import TestSupport
import Testing

@testable import Generation

struct RagConfigurationTests {
    private func read(_ text: String) throws -> RagConfiguration {
        let folder = try TemporaryFolder()
        _ = try folder.write("config.json", text)
        return try RagConfiguration(folder: folder.path)
    }

    @Test func `what is left out has the reference's default`() throws {
        #expect(try read(#"{"model_type": "rag"}"#) == RagConfiguration())
    }

    @Test func `every field is read`() throws {
        let found = try read(
            """
            {"model_type": "rag", "title_sep": "|", "doc_sep": "#", "n_docs": 3,
             "max_combined_length": 112, "retrieval_vector_size": 48, "retrieval_batch_size": 4,
             "do_deduplication": false, "exclude_bos_score": true, "reduce_loss": true,
             "label_smoothing": 0.1, "do_marginalize": true, "output_retrieved": true,
             "index_name": "custom", "index_path": "i", "passages_path": "p", "dataset": "d",
             "dataset_split": "s", "dataset_revision": "r", "use_dummy_dataset": true,
             "generator": {"prefix": "g "}, "question_encoder": {"prefix": "q "}}
            """)
        var expected = RagConfiguration()
        (expected.titleSeparator, expected.documentSeparator) = ("|", "#")
        (expected.passages, expected.maximumCombinedLength) = (3, 112)
        (expected.vectorSize, expected.retrievalBatchSize) = (48, 4)
        (expected.removesDuplicates, expected.excludesBeginning) = (false, true)
        (expected.reducesLoss, expected.labelSmoothing) = (true, 0.1)
        (expected.marginalises, expected.outputsRetrieved) = (true, true)
        (expected.contextPrefix, expected.questionPrefix) = ("g ", "q ")
        expected.index = RagConfiguration.Index(
            name: "custom", path: "i", passagesPath: "p", dataset: "d", split: "s", revision: "r",
            isDummy: true)
        #expect(found == expected)
    }

    @Test(arguments: [
        (#"{"model_type": "bart"}"#, "model_type"),
        (#"{"model_type": "rag", "n_docs": 0}"#, "n_docs"),
        (#"{"model_type": "rag", "n_docs": "5"}"#, "n_docs"),
        (#"{"model_type": "rag", "label_smoothing": 1}"#, "label_smoothing"),
        (#"{"model_type": "rag", "index_name": "own"}"#, "index_name"),
        (#"{"model_type": "rag", "generator": []}"#, "generator"),
    ])
    func `a value that cannot be meant is refused with its key`(text: String, key: String) {
        let error = #expect(throws: GenerationError.self) { try read(text) }
        #expect(error?.description.contains(key) == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        ("\"Faust\"", "a  play", "who", "Faust / a play // who"),
        ("\"\"Faust", "a   play", "", "\"Faust / a  play // "),
        ("\"", "", "q", " / // q"), ("", "t", "q", " / t // q"),
        ("e\u{301} ", " \u{301}x", "q", "e\u{301} / \u{301}x // q"),
        ("\"\u{301}x", "t", "q", "\u{301}x / t // q"),
    ])
    func `a context is joined as the reference joins it`(
        title: String, text: String, question: String, expected: String
    ) {
        let found = RagConfiguration().context(title: title, text: text, question: question)
        #expect(Array(found.utf8) == Array(expected.utf8))
    }
}
