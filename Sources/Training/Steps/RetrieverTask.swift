import Models
import Tensors

/// Trains the two towers of a bi-encoder.
///
/// Each rank encodes its own questions and passages; all ranks gather the passages' vectors; the
/// loss is own questions × all passages over the size of the whole batch; the gradients of the
/// passages go back to their owners and are added up there; parameter gradients are summed over
/// all ranks. The sum is the gradient of one process on the whole batch.
final class RetrieverTask: TrainingTask {
    let towers: TrainableTowers
    let parameterSets: [ParameterSet]
    let settings: TrainingConfiguration
    let group: any CollectiveGroup
    let validation: ExampleStore?
    var stores: [ExampleStore]
    /// Whether a measurement ends early; in a training the trainer alone decides.
    var stop: @Sendable () -> Bool = { false }
    private let teacher: TeacherScores?

    init(
        _ towers: TrainableTowers, stores: [ExampleStore], validation: ExampleStore?,
        settings: TrainingConfiguration, group: any CollectiveGroup, teacher: TeacherScores? = nil
    ) throws(TrainingError) {
        self.towers = towers
        self.stores = stores
        self.validation = validation
        self.settings = settings
        self.group = group
        self.teacher = teacher
        let isTied = towers.question.parameters === towers.context.parameters
        let (question, context) = (settings.model.freezesQuestion, settings.model.freezesContext)
        if isTied, question != context {
            throw .invalidSetting(
                name: "model.\(question ? "freezesQuestion" : "freezesContext")",
                reason: "cannot be set alone: the towers share their parameters")
        }
        if question, context {
            throw .invalidSetting(
                name: "model.freezesContext", reason: "leaves nothing to train: both are frozen")
        }
        towers.question.parameters.isFrozen = question
        towers.context.parameters.isFrozen = context
        parameterSets = towers.parameterSets.filter { !$0.isFrozen }
    }

    var canEvaluate: Bool { validation != nil }

    func replaceData(_ stores: [ExampleStore]) {
        self.stores = stores
    }

    func save(to folder: String) throws(TrainingError) {
        try usingModel { () throws(ModelError) in
            try towers.save(
                to: folder, questionTokens: settings.input.maximumQuestionTokens,
                passageTokens: settings.input.maximumPassageTokens)
        }
    }

    var pooling: (name: String, isAssumed: Bool)? {
        var names = [towers.question.poolingName]
        if towers.context.poolingName != names[0] { names.append(towers.context.poolingName) }
        return (names.joined(separator: "; "), !assumptions.isEmpty)
    }

    var assumptions: [String] {
        var texts = [towers.question.assumption].compactMap { $0 }
        if let text = towers.context.assumption, !texts.contains(text) { texts.append(text) }
        return texts
    }

    func gradients(
        of batches: [[ExampleNumber]], epoch: Int, step: Int
    ) throws(TrainingError) -> StepStatistics {
        for set in parameterSets { set.zeroGradients() }
        let sum = GradientSum(parameterSets, over: group)
        var statistics = StepStatistics()
        for (number, batch) in batches.enumerated() {
            statistics.add(
                try accumulate(
                    batch, number: number, of: batches.count, epoch: epoch, step: step, into: sum))
        }
        try exchanging(step: step) { () throws(CollectiveError) in try sum.finish() }
        statistics.loss /= Double(batches.count)
        return statistics
    }

    /// Adds the gradients of one batch.
    private func accumulate(
        _ numbers: [ExampleNumber], number: Int, of count: Int, epoch: Int, step: Int,
        into sum: GradientSum
    ) throws(TrainingError) -> StepStatistics {
        let share = BatchSampler.share(of: numbers.count, rank: group.rank, world: group.world)
        let masksDuplicates = settings.loss.masksDuplicates && settings.loss.scaling == .exact
        let batch = try settings.input.batch(
            numbers[share], of: stores, seed: settings.seed, epoch: epoch, sharing: masksDuplicates)
        let rows = settings.input.rows(of: batch)
        let exchange = try BatchExchange(
            batch, rows: rows, withTexts: settings.loss.masksAnswers, over: group, step: step)
        if exchange.questions == 1, exchange.passages == 1 {
            throw .lonelyBatch(step: step, example: batch.items.first?.id ?? "")
        }
        // Numbers of sequences differ between the batches that one step accumulates.
        let first = UInt64(number) << 40
        var questions = pass(
            towers.question, batch.items.map { tokens($0.question) },
            numbers: batch.items.map { first + UInt64($0.position) }, stream: 0, step: step)
        var passages = passagePass(batch, rows, first: first, step: step)

        let width = towers.context.dimension
        let isBidirectional = settings.loss.contrast == .bidirectional
        let allPassages = try exchanging(step: step) { () throws(CollectiveError) in
            try group.allGather(
                rows: passages.rows, width: width, expecting: exchange.passageCounts)
        }
        var allQuestions = questions.rows
        if isBidirectional {
            allQuestions = try exchanging(step: step) { () throws(CollectiveError) in
                try group.allGather(
                    rows: questions.rows, width: width, expecting: exchange.questionCounts)
            }
        }
        let outcome = RetrievalLoss.evaluate(
            try lossBatch(
                batch, rows, exchange, questions: Matrix(allQuestions, columns: width),
                passages: Matrix(allPassages, columns: width)),
            settings.loss.at(step: step, of: settings.totalSteps(sizes: sizes)))
        var statistics = StepStatistics()
        statistics.loss = outcome.loss
        statistics.correct = outcome.ranks.count { $0 == 1 }
        statistics.rankSum = outcome.ranks.reduce(0, +)
        statistics.questions = batch.items.count
        statistics.passages = rows.reduce(0) { $0 + $1.count }
        for sequence in questions.sequences + passages.sequences {
            statistics.ownCuts.add(kept: sequence.ids.count, cut: sequence.cut)
        }
        statistics.ownTokens = questions.tokens + passages.tokens
        statistics = try statistics.sum(over: group, step: step, examples: batch.items.map(\.id))

        // The average over ranks is DPR's; the average over accumulated batches everyone's.
        var factor = 1 / Float(count)
        if settings.loss.scaling == .dpr { factor /= Float(group.world) }
        let isLast = number == count - 1
        var questionGradients = outcome.questions.floats.map { factor * $0 }
        let passageGradients = outcome.passages.floats.map { factor * $0 }
        if isBidirectional {
            questionGradients = try exchanging(step: step) { () throws(CollectiveError) in
                try group.reduceScatter(
                    rows: questionGradients, counts: exchange.questionCounts, width: width)
            }
        }
        let ownPassageGradients = try exchanging(step: step) { () throws(CollectiveError) in
            try group.reduceScatter(
                rows: passageGradients, counts: exchange.passageCounts, width: width)
        }
        sum.note(questions.sequences, of: towers.question.parameters)
        sum.note(passages.sequences, of: towers.context.parameters)
        try exchanging(step: step) { () throws(CollectiveError) in
            if isLast { try sum.agreeOnTokens() }
            let isTied = towers.question.parameters === towers.context.parameters
            if !towers.question.parameters.isFrozen {
                let report =
                    isLast && !isTied ? try sum.reporter(of: towers.question.parameters) : nil
                questions.backward(questionGradients, report: report)
            }
            if !towers.context.parameters.isFrozen {
                let report = isLast ? try sum.reporter(of: towers.context.parameters) : nil
                passages.backward(ownPassageGradients, report: report)
            }
        }
        return statistics
    }

    private func tokens(_ question: String) -> TokenIDs {
        towers.question.tokenise(
            question: question, maximumLength: settings.input.maximumQuestionTokens)
    }

    func tokens(_ passage: TrainingPassage) -> TokenIDs {
        towers.context.tokenise(
            title: settings.input.usesTitles ? passage.title : "", text: passage.text,
            maximumLength: settings.input.maximumPassageTokens)
    }

    private func passagePass(
        _ batch: RetrieverBatch, _ rows: [[Int]], first: UInt64, step: Int
    ) -> TowerPass {
        let count = rows.reduce(0) { $0 + $1.count }
        var sequences = [TokenIDs?](repeating: nil, count: count)
        var numbers = [UInt64](repeating: 0, count: count)
        for (item, rows) in zip(batch.items, rows) {
            for (slot, row) in rows.enumerated() {
                sequences[row] = tokens(item.passages[slot])
                let place = item.position * (settings.input.hardNegatives + 1) + slot
                numbers[row] = first + UInt64(place)
            }
        }
        return pass(
            towers.context, sequences.compactMap { $0 }, numbers: numbers, stream: 1, step: step)
    }

    private func pass(
        _ tower: TrainableEncoder, _ sequences: [TokenIDs], numbers: [UInt64], stream: UInt32,
        step: Int
    ) -> TowerPass {
        let isTrained = !tower.parameters.isFrozen
        let rates = settings.dropout.rates(tower.configuredDropout)
        let drops = isTrained && (rates.hidden > 0 || rates.attention > 0)
        return TowerPass(
            tower, sequences, numbers: numbers,
            dropout: drops
                ? DropoutKey(
                    seed: settings.seed, step: UInt64(step), stream: stream, rates: rates) : nil,
            memory: settings.memory, isTrained: isTrained)
    }

    private func lossBatch(
        _ batch: RetrieverBatch, _ rows: [[Int]], _ exchange: BatchExchange, questions: Matrix,
        passages: Matrix
    ) throws(TrainingError) -> LossBatch {
        let offset = exchange.passageCounts[..<group.rank].reduce(0, +)
        let candidates = rows.map { $0.map { offset + $0 } }
        let firstQuestion = exchange.questionCounts[..<group.rank].reduce(0, +)
        let isBidirectional = settings.loss.contrast == .bidirectional
        let start = isBidirectional ? firstQuestion : 0
        var teacher: [[Double]] = []
        if settings.loss.needsTeacher {
            for item in batch.items { teacher.append(try teacherScores(item)) }
        }
        return LossBatch(
            questions: questions, own: start..<start + batch.items.count, passages: passages,
            candidates: candidates,
            masked: exchange.masked(
                batch, own: candidates,
                duplicates: settings.loss.masksDuplicates && settings.loss.scaling == .exact),
            teacher: teacher, positives: exchange.positives,
            groups: settings.loss.needsGroups || batch.items.contains(where: \.sharesPassages)
                ? exchange.groups : [],
            countsCopiesOnce: batch.items.map(\.sharesPassages),
            globalQuestions: exchange.questions)
    }

    /// What the teacher says of an item's passages: asked, or as the data say.
    private func teacherScores(_ item: RetrieverBatch.Item) throws(TrainingError) -> [Double] {
        if let teacher { return try teacher(item.question, item.passages) }
        let scores = item.passages.compactMap(\.score)
        guard scores.count == item.passages.count else {
            throw .invalidSetting(
                name: "loss",
                reason: "needs a teacher, and a passage of the example “\(item.id)” has no score")
        }
        return scores
    }
}
