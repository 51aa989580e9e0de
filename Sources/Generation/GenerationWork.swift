import Models
import Synchronization

/// How much a generator has computed since it was loaded, for tests and measurements.
package final class GenerationWork: Sendable {
    private let sourceCount = Atomic(0)
    private let sourceTokenCount = Atomic(0)
    private let stateByteCount = Atomic(0)
    private let decodedTokenCount = Atomic(0)

    init() {}

    /// Sources that were encoded.
    package var sources: Int { sourceCount.load(ordering: .relaxed) }
    /// Tokens of these.
    package var sourceTokens: Int { sourceTokenCount.load(ordering: .relaxed) }
    /// Bytes of the keys and values that were made of them for the decoder's attention.
    package var stateBytes: Int { stateByteCount.load(ordering: .relaxed) }
    /// Tokens that went through the decoder.
    package var decodedTokens: Int { decodedTokenCount.load(ordering: .relaxed) }

    func countEncoding(_ batch: SourceBatch) {
        sourceCount.add(batch.count, ordering: .relaxed)
        sourceTokenCount.add(batch.ids.count, ordering: .relaxed)
    }

    func count(_ state: SourceState) { stateByteCount.add(state.bytes, ordering: .relaxed) }

    func countDecoding(_ tokens: Int) { decodedTokenCount.add(tokens, ordering: .relaxed) }
}

/// Sources that were encoded, for what takes the steps of answering one by one.
package struct EncodedSources: Sendable {
    let states: [SourceState]

    /// Bytes of the keys and values that the decoder attends to.
    package var bytes: Int { states.reduce(0) { $0 + $1.bytes } }
}

extension Generator {
    /// Encodes sources as `generate` and `answers` do first.
    package func encoded(
        _ sources: [[Int32]], threads: Int = 1
    ) throws(GenerationError) -> EncodedSources {
        try check(sources)
        let settings = try settings.resolve(
            GenerationOptions(), vocabulary: vocabularySize, longest: plan.longestTarget)
        func encode(_ network: Network<some WeightMatrix>) -> EncodedSources {
            EncodedSources(
                states: Generation(network, ScoreRules(settings)).encode(
                    sources[...], threads: max(1, threads)))
        }
        switch precision {
        case .float32(let network): return encode(network)
        case .i16(let network): return encode(network)
        }
    }

    /// Bytes of the keys and values of so many decoded tokens.
    package func bytesOfDecodedTokens(_ count: Int) -> Int {
        2 * MemoryLayout<Float>.stride * plan.decoder.layers.count * plan.decoder.inner * count
    }
}
