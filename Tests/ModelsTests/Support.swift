import Foundation
import Tensors
import TestSupport

@testable import Models

extension GoldenCase {
    /// Rows of `[sequences, width]` ids, each cut to the length its attention mask gives.
    func batch(_ prefix: String = "", suffix: String = "") throws -> TokenBatch {
        let ids = try integers(prefix + "input_ids" + suffix)
        let mask = try integers(prefix + "attention_mask" + suffix)
        let types =
            has(prefix + "token_type_ids" + suffix)
            ? try integers(prefix + "token_type_ids" + suffix)
            : [Int](repeating: 0, count: ids.count)
        let width = shape(prefix + "input_ids" + suffix).last ?? 0
        var batch = TokenBatch()
        for start in stride(from: 0, to: ids.count, by: width) {
            for index in start..<start + width where mask[index] == 1 {
                batch.ids.append(Int32(ids[index]))
                batch.segments.append(Int32(types[index]))
            }
            batch.closeSequence()
        }
        return batch
    }
}

/// A golden model together with the word-piece vocabulary the tiny models share.
func goldenModel(_ name: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try Goldens.copyModel(name, to: folder.path)
    return folder
}

extension TextEncoder {
    /// The backend of the processor, which every encoder has here.
    var processor: ProcessorBackend {
        guard let processor = backend as? ProcessorBackend else {
            preconditionFailure("the encoder computes elsewhere")
        }
        return processor
    }
}

/// The instruction sets this processor has.
let kernelsHere = SIMDPath.allCases.compactMap { EncoderKernels($0) }

/// The error that `body` throws, nil where it succeeds.
func failure<T>(_ body: () throws(ModelError) -> T) -> ModelError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error
    }
}
