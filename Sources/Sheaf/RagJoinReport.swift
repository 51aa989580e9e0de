public import Formats
public import Generation

extension RagJoin {
    /// Joins as `run()` does, with errors of this library.
    public func written() throws(SheafError) -> Written {
        do throws(GenerationError) {
            return try run()
        } catch {
            guard case .model(let error) = error else { throw .request("\(error)") }
            throw .model(error)
        }
    }
}

extension RagJoin.Written {
    /// What was written, for people.
    public var text: String {
        "\(folder): \(kind.className) of \(Quantity.count(tensors, "tensor")), "
            + Quantity.bytes(UInt64(bytes))
            + "; n_docs \(configuration.passages), max_combined_length "
            + "\(configuration.maximumCombinedLength)"
    }

    /// What was written, for programs.
    public var document: JSONValue {
        [
            "folder": .string(folder), "kind": .string(kind.rawValue),
            "tensors": .integer(tensors), "bytes": .integer(bytes),
            "n_docs": .integer(configuration.passages),
            "max_combined_length": .integer(configuration.maximumCombinedLength),
            "retrieval_vector_size": .integer(configuration.vectorSize),
        ]
    }
}
