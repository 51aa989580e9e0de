import Base

/// An example of one of the data sets of a run.
public struct ExampleNumber: Hashable, Sendable {
    /// Index of the data set.
    public var dataset: Int
    /// Index of the example in it.
    public var index: Int
}

/// Which examples each step trains on.
///
/// Everything follows from the seed, the sizes and the number of the epoch: the order is the same
/// for any number of ranks and after any interruption, and a cursor is just epoch and batch.
///
/// Invariants:
/// 1. With rate 1, an epoch holds each example exactly once.
/// 2. The shares of all ranks are the batch, in order, whatever their number.
/// 3. No batch but that of a single example holds one example: a last one joins the batch before.
public struct BatchSampler: Sendable {
    private let sizes: [Int]
    private let rates: [Double]
    private let seed: UInt64
    private let shuffles: Bool
    /// Examples of a batch, over all ranks.
    public let batchSize: Int

    private var cached: (epoch: Int, order: [ExampleNumber])?

    /// Describes a sampler.
    ///
    /// - Parameters:
    ///   - sizes: Examples of each data set.
    ///   - rates: How often an epoch goes through each data set: 2 is twice, 0.5 every other
    ///     example, chosen anew each epoch.
    ///   - batchSize: Examples of a batch, over all ranks.
    ///   - seed: The seed of the run.
    ///   - shuffles: Whether the order is shuffled; else it is that of the data.
    public init(
        sizes: [Int], rates: [Double], batchSize: Int, seed: UInt64, shuffles: Bool = true
    ) {
        precondition(
            sizes.count == rates.count && batchSize > 0 && sizes.allSatisfy { $0 > 0 },
            "\(sizes.count) data sets, \(rates.count) rates, batches of \(batchSize)")
        self.sizes = sizes
        self.rates = rates
        self.batchSize = batchSize
        self.seed = seed
        self.shuffles = shuffles
    }

    /// Examples of an epoch.
    public var examplesPerEpoch: Int {
        zip(sizes, rates).reduce(0) { $0 + Self.draws($1.0, $1.1) }
    }

    /// Batches of an epoch.
    public var batchesPerEpoch: Int { max(1, bounds.count) }

    /// Where the batches of an epoch lie in its order.
    private var bounds: [Range<Int>] {
        let count = examplesPerEpoch
        var bounds = stride(from: 0, to: count, by: batchSize).map {
            $0..<min($0 + batchSize, count)
        }
        if batchSize > 1, bounds.count > 1, let last = bounds.last, last.count == 1 {
            bounds.removeLast()
            bounds[bounds.count - 1] = bounds[bounds.count - 1].lowerBound..<count
        }
        return bounds
    }

    /// The examples of a batch of an epoch, over all ranks.
    public mutating func batch(epoch: Int, batch: Int) -> [ExampleNumber] {
        Array(order(epoch)[bounds[batch]])
    }

    /// A rank's share of a batch of `count` examples: lengths differ by one at most.
    public static func share(of count: Int, rank: Int, world: Int) -> Range<Int> {
        count * rank / world..<count * (rank + 1) / world
    }

    private mutating func order(_ epoch: Int) -> [ExampleNumber] {
        if let cached, cached.epoch == epoch { return cached.order }
        var order: [ExampleNumber] = []
        order.reserveCapacity(examplesPerEpoch)
        for (dataset, (size, rate)) in zip(sizes, rates).enumerated() {
            let draws = Self.draws(size, rate)
            for _ in 0..<draws / size {
                order += (0..<size).map { ExampleNumber(dataset: dataset, index: $0) }
            }
            var rest = Array(0..<size)
            if draws % size > 0, shuffles {
                var dice = SplitMix(seed: seed, 1, UInt64(epoch), UInt64(dataset))
                dice.shuffle(&rest)
            }
            order += rest.prefix(draws % size).map {
                ExampleNumber(dataset: dataset, index: $0)
            }
        }
        if shuffles {
            var dice = SplitMix(seed: seed, 2, UInt64(epoch))
            dice.shuffle(&order)
        }
        cached = (epoch, order)
        return order
    }

    private static func draws(_ size: Int, _ rate: Double) -> Int {
        max(1, Int((Double(size) * rate).rounded()))
    }
}
