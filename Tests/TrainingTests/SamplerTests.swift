import Testing

@testable import Training

/// Order and shares of examples.
struct SamplerTests {
    private static func sampler(
        _ sizes: [Int], rates: [Double]? = nil, batch: Int = 8, seed: UInt64 = 7
    ) -> BatchSampler {
        BatchSampler(
            sizes: sizes, rates: rates ?? sizes.map { _ in 1 }, batchSize: batch, seed: seed)
    }

    private static func epoch(_ sampler: BatchSampler, _ epoch: Int) -> [[ExampleNumber]] {
        var sampler = sampler
        return (0..<sampler.batchesPerEpoch).map { sampler.batch(epoch: epoch, batch: $0) }
    }

    @Test(arguments: [1, 2, 7, 8, 9, 16, 17, 100], [1, 3, 8])
    func `an epoch holds each example once, whatever the batch`(size: Int, batch: Int) {
        for epoch in 0..<3 {
            let batches = Self.epoch(Self.sampler([size], batch: batch), epoch)
            #expect(batches.joined().map(\.index).sorted() == Array(0..<size))
            if size > 1, batch > 1 { #expect(batches.allSatisfy { $0.count > 1 }) }
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5])
    func `the shares of the ranks are the batch in its order`(world: Int) {
        for count in [1, 2, 3, 8, 17] {
            let shares = (0..<world).map {
                BatchSampler.share(of: count, rank: $0, world: world)
            }
            #expect(shares.flatMap { Array($0) } == Array(0..<count))
            let lengths = shares.map(\.count)
            #expect((lengths.max() ?? 0) - (lengths.min() ?? 0) <= 1)
        }
    }

    @Test func `order follows from seed and epoch alone`() {
        let first = Self.epoch(Self.sampler([50]), 3)
        #expect(first == Self.epoch(Self.sampler([50]), 3))
        #expect(first != Self.epoch(Self.sampler([50]), 4))
        #expect(first != Self.epoch(Self.sampler([50], seed: 8), 3))
        var jumping = Self.sampler([50])
        _ = jumping.batch(epoch: 9, batch: 2)
        #expect(jumping.batch(epoch: 3, batch: 2) == first[2])
    }

    @Test func `data sets are mixed by their rates`() {
        let sampler = Self.sampler([10, 20, 30], rates: [2, 0.5, 1], batch: 6)
        #expect(sampler.examplesPerEpoch == 60)
        var chosen: Set<[Int]> = []
        for epoch in 0..<4 {
            let all = Self.epoch(sampler, epoch).joined()
            #expect(all.count { $0.dataset == 0 } == 20)
            #expect(Set(all.filter { $0.dataset == 0 }.map(\.index)).count == 10)
            let half = all.filter { $0.dataset == 1 }.map(\.index)
            #expect(half.count == 10 && Set(half).count == 10)
            chosen.insert(half.sorted())
        }
        #expect(chosen.count > 1)
    }

    @Test func `labels follow the layout`() {
        var batch = RetrieverBatch()
        for position in 0..<3 {
            batch.items.append(
                RetrieverBatch.Item(
                    id: "\(position)", question: "", answers: [],
                    passages: [TrainingPassage](
                        repeating: TrainingPassage(text: "x"), count: position + 1),
                    identities: [], positives: [], position: position))
        }
        var input = InputSettings()
        #expect(input.rows(of: batch) == [[0], [1, 2], [3, 4, 5]])
        input.layout = .positivesFirst
        #expect(input.rows(of: batch) == [[0], [1, 3], [2, 4, 5]])
    }
}
