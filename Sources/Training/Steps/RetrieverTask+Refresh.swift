import Corpus
import Models

extension RetrieverTask {
    /// Finds new hard negatives for all training data with the model as it is, on all ranks, and
    /// gives the files that rank 0 wrote them to.
    ///
    /// Ranks share the encoding of the corpus and the questions, and the search; a negative is
    /// chosen as `HardNegativeMiner` does.
    ///
    /// Source: Xiong et al. 2021, "Approximate Nearest Neighbor Negative Contrastive Learning for
    /// Dense Text Retrieval"; the search here is exact.
    func refreshed(
        in folder: String, epoch: Int, step: Int
    ) throws(TrainingError) -> [String] {
        let path = settings.data.refreshCorpus
        let corpus = try PassageList(
            try readingCorpus { () throws(CorpusError) in try CorpusSource(paths: [path]) })
        let vectors = try encoded(towers.context, corpus.count, step: step) {
            index throws(TrainingError) in tokens(try corpus.passage(index))
        }
        var files: [String] = []
        for (number, store) in stores.enumerated() {
            let file = folder + "/train-\(number).json"
            let chosen = try mined(store, corpus, vectors, step: step)
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

    /// The passages chosen for each example of a store, over all ranks.
    private func mined(
        _ store: ExampleStore, _ corpus: PassageList, _ vectors: [Float], step: Int
    ) throws(TrainingError) -> [[(column: Int, score: Double)]] {
        let questions = try encoded(towers.question, store.count, step: step) {
            index throws(TrainingError) in
            towers.question.tokenise(
                question: try store.outline(index).question,
                maximumLength: settings.input.maximumQuestionTokens)
        }
        let own = BatchSampler.share(of: store.count, rank: group.rank, world: group.world)
        let width = towers.context.dimension
        var record = ByteRecord()
        var report = HardNegativeMiner.Report()
        let block = max(1, (1 << 24) / max(1, corpus.count))
        for start in stride(from: own.lowerBound, to: own.upperBound, by: block) {
            let range = start..<min(start + block, own.upperBound)
            let scores = DenseScores(questions, of: range, vectors: vectors, width: width)
            for index in range {
                var columns: [PassageIdentity: Int] = [:]
                var found: [TrainingPassage] = []
                for (column, score) in scores.best(settings.mining.lastRank, row: index - start) {
                    var passage = try corpus.passage(column)
                    passage.score = Double(score)
                    if columns[passage.identity] == nil { columns[passage.identity] = column }
                    found.append(passage)
                }
                let chosen = HardNegativeMiner.choose(
                    found, try store.example(index), number: index, settings.mining, &report)
                record.append(UInt64(chosen.count))
                for passage in chosen {
                    record.append(UInt64(columns[passage.identity] ?? 0))
                    record.append((passage.score ?? 0).bitPattern)
                }
            }
        }
        let parts = try exchanging(step: step) { () throws(CollectiveError) in
            try group.allGather(bytes: record.bytes)
        }
        var all: [[(column: Int, score: Double)]] = []
        for part in parts {
            var part = ByteRecord(part)
            while !part.isAtEnd {
                all.append(
                    (0..<part.number()).map { _ in
                        (Int(part.number()), Double(bitPattern: part.number()))
                    })
            }
        }
        return all
    }
}
