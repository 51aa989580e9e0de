import Corpus
import Models

extension RetrieverTask {
    /// Finds new hard negatives for all training data with the model as it is, on all ranks, and
    /// gives the files that rank 0 wrote them to.
    ///
    /// Ranks share the encoding of the corpus and the questions, and the search; a negative is
    /// chosen as `HardNegativeMiner` does. The corpus goes by in slabs: of its vectors one slab is
    /// in memory, and of each question the best passages so far.
    ///
    /// Source: Xiong et al. 2021, "Approximate Nearest Neighbor Negative Contrastive Learning for
    /// Dense Text Retrieval"; the search here is exact.
    func refreshed(
        in folder: String, epoch: Int, step: Int
    ) throws(TrainingError) -> [String] {
        let path = settings.data.refreshCorpus
        let corpus = try PassageList(
            try readingCorpus { () throws(CorpusError) in try CorpusSource(paths: [path]) })
        let asked = try questions(step: step)
        let width = towers.context.dimension
        let wanted = settings.mining.lastRank
        var best = asked.map { BestColumns(rows: $0.count / width, wanted: wanted) }
        for start in stride(from: 0, to: corpus.count, by: Self.slab) {
            let count = min(Self.slab, corpus.count - start)
            let vectors = try encoded(towers.context, count, step: step) {
                index throws(TrainingError) in tokens(try corpus.passage(start + index))
            }
            vectors.withUnsafeBufferPointer { vectors in
                for store in stores.indices { best[store].add(asked[store], vectors, width: width) }
            }
        }
        var files: [String] = []
        for (number, store) in stores.enumerated() {
            let file = folder + "/train-\(number).json"
            let chosen = try chosen(best[number].lists, store, corpus, step: step)
            if group.rank == 0 {
                let writer = try TrainingWriter(file, form: .dpr)
                for (index, negatives) in chosen.enumerated() {
                    var example = try store.example(index)
                    example.hardNegatives = []
                    for (column, score) in negatives {
                        var passage = try corpus.passage(column)
                        passage.score = score
                        example.hardNegatives.append(passage)
                    }
                    try writer.write(example)
                }
                try writer.finish()
            }
            files.append(file)
        }
        return files
    }

    /// Passages encoded and searched at a time, over all ranks: what is in memory of the corpus.
    private static let slab = 8192

    /// The vectors of this rank's share of the questions of each store.
    private func questions(step: Int) throws(TrainingError) -> [[Float]] {
        var asked: [[Float]] = []
        for store in stores {
            let all = try encoded(towers.question, store.count, step: step) {
                index throws(TrainingError) in
                towers.question.tokenise(
                    question: try store.outline(index).question,
                    maximumLength: settings.input.maximumQuestionTokens)
            }
            let own = BatchSampler.share(of: store.count, rank: group.rank, world: group.world)
            let width = towers.question.dimension
            asked.append(Array(all[own.lowerBound * width..<own.upperBound * width]))
        }
        return asked
    }

    /// The passages chosen for each example of a store, over all ranks, of those found for this
    /// rank's share.
    private func chosen(
        _ lists: [[BestColumns.Entry]], _ store: ExampleStore, _ corpus: PassageList, step: Int
    ) throws(TrainingError) -> [[(column: Int, score: Double)]] {
        let own = BatchSampler.share(of: store.count, rank: group.rank, world: group.world)
        var record = ByteRecord()
        var report = HardNegativeMiner.Report()
        for (index, list) in zip(own, lists) {
            var columns: [PassageContent: Int] = [:]
            var found: [TrainingPassage] = []
            for entry in list {
                var passage = try corpus.passage(entry.column)
                passage.score = Double(entry.score)
                if columns[passage.content] == nil { columns[passage.content] = entry.column }
                found.append(passage)
            }
            let example = try store.example(index)
            let chosen = HardNegativeMiner.choose(
                found, example, positives: stores.flatMap { $0.positives(of: example.question) },
                number: index, settings.mining, &report)
            record.append(UInt64(chosen.count))
            for passage in chosen {
                record.append(UInt64(columns[passage.content] ?? 0))
                record.append((passage.score ?? 0).bitPattern)
            }
        }
        var all: [[(column: Int, score: Double)]] = []
        try exchanging(step: step) { () throws(CollectiveError) in
            for (rank, part) in try group.records(record).enumerated() {
                var part = part
                while !part.isAtEnd {
                    var list: [(column: Int, score: Double)] = []
                    for _ in 0..<(try part.count()) {
                        let column = try part.index(below: corpus.count)
                        list.append((column, try part.real()))
                    }
                    all.append(list)
                    guard all.count <= store.count else {
                        throw .implausible(rank: rank, what: "more lists than examples")
                    }
                }
            }
            guard all.count == store.count else {
                throw .implausible(
                    rank: group.world - 1, what: "\(all.count) lists of \(store.count)")
            }
        }
        return all
    }
}
