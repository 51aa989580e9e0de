import Base
import Formats
import Foundation

/// What `model_args.json` of Simple Transformers says of the towers saved beside it.
///
/// Its `RetrievalModel` writes `query_encoder/` and `context_encoder/`, and the arguments one
/// folder higher. Its vectors are the first token's unless an argument says otherwise.
/// Source: `get_output_embeddings` of simpletransformers 0.70.8.
struct SimpleTransformersArguments: Equatable, Sendable {
    /// Its name.
    static let file = "model_args.json"
    /// The folders of the two towers.
    private static let towers = ["query_encoder", "question_encoder", "context_encoder"]

    var pooling: PoolingChoice
    /// Whether two arguments name a pooling, of which one counts.
    var saysTwoPoolings = false
    /// Longest text in tokens.
    var maximumLength: Int?

    /// Reads the arguments of the model in `folder`; nil where there are none of a retriever.
    static func read(_ folder: String) throws(ModelError) -> SimpleTransformersArguments? {
        // The name of a folder that is named by “.” or through a link counts.
        let whole = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
        let isTower = whole.split(separator: "/").last.map { towers.contains(String($0)) } ?? false
        let paths =
            [folder + "/" + file] + (isTower ? [FileNames.folder(of: whole) + "/" + file] : [])
        guard let path = paths.first(where: ModelDescription.exists) else { return nil }
        let json = try JSONFile(path, purpose: "the arguments of Simple Transformers")
        guard try json.string("model_class") == "RetrievalModel" else { return nil }
        for key in ["concatenate_embeddings", "multi_head_vectors", "multi_vector_query"]
        where try json.bool(key) == true {
            throw .severalVectors(path: path, key: key)
        }
        var arguments = SimpleTransformersArguments(pooling: .cls)
        if try json.bool("use_pooler_output") == true { arguments.pooling = .pooler }
        if try json.bool("mean_pooling") == true {
            arguments.saysTwoPoolings = arguments.pooling == .pooler
            arguments.pooling = .mean
        }
        if json["max_seq_length"] != nil {
            arguments.maximumLength = try json.integer("max_seq_length", in: 8...1_048_576)
        }
        return arguments
    }
}
