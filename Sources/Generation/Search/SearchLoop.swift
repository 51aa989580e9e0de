import Base
import Models
import Tensors

/// Searches for the outputs of several sources together: at each step the hypotheses of all that
/// are not done are one batch of the decoder.
struct SearchLoop<Matrix: WeightMatrix> {
    private let network: Network<Matrix>
    private let rules: ScoreRules
    private var questions: [Question]
    private let store: TokenStore
    private let space: Workspace
    /// The model's scores of some questions, and the logarithms of probabilities of one.
    private var scores = FloatBuffer(unset: 0)
    private var logarithms = FloatBuffer(unset: 0)

    /// What is searched for, and its search.
    private struct Question {
        var number: Int
        var input: SearchInput
        var search: any TokenSearch
        /// The slots that its hypotheses name.
        var slots: Set<UInt32> = []

        /// Its hypotheses under each of its sources.
        var rows: Int { search.live.count * input.sources.count }
    }

    /// - Parameters:
    ///   - inputs: What to search for; their indices, counted from `first`, name them.
    init(
        _ network: Network<Matrix>, _ rules: ScoreRules, _ inputs: ArraySlice<SearchInput>,
        first: Int, _ team: ThreadTeam
    ) {
        space = Workspace(team)
        self.network = network
        self.rules = rules
        let settings = rules.settings
        questions = zip(inputs.indices, inputs).map { index, input in
            let number = first + index
            let search: any TokenSearch =
                settings.beams > 1
                ? BeamSearch(settings, source: number) : TokenWalk(settings, source: number)
            return Question(number: number, input: input, search: search)
        }
        let rows = settings.beams > 1 ? settings.beams : settings.samples ? settings.returns : 1
        store = TokenStore(
            network.plan.decoder,
            slots: inputs.reduce(0) { $0 + $1.sources.count } * rows
                * min(settings.maximumLength, 32))
    }

    /// Runs until all are done.
    mutating func run() throws(GenerationError) -> [[GeneratedSequence]] {
        var step = 0
        while true {
            let active = questions.indices.filter { !questions[$0].search.isDone }
            if active.isEmpty { break }
            decode(active)
            var row = 0
            for part in parts(of: active) {
                let counts = part.map { questions[$0].rows }
                let total = counts.reduce(0, +)
                score(row..<row + total, largest: counts.max() ?? 0)
                var own = 0
                for (index, count) in zip(part, counts) {
                    try advance(index, row: own, step: step)
                    own += count
                }
                row += total
            }
            step += 1
        }
        return questions.indices.map { questions[$0].search.finish() }
    }

    /// Rows of scores that are in memory together, if no question has more.
    ///
    /// So few keep memory low, and are as fast as more.
    private static var rowsAtOnce: Int { 24 }

    /// Runs of questions that are scored together.
    private func parts(of active: [Int]) -> [ArraySlice<Int>] {
        var parts: [ArraySlice<Int>] = []
        var (start, rows) = (0, 0)
        for (place, index) in active.enumerated() {
            let own = questions[index].rows
            if place > start, rows + own > Self.rowsAtOnce {
                parts.append(active[start..<place])
                (start, rows) = (place, 0)
            }
            rows += own
        }
        parts.append(active[start...])
        return parts
    }

    /// Computes the decoder's states `[sources, hypotheses, width]` of each of the questions
    /// `active`.
    private mutating func decode(_ active: [Int]) {
        var runs: [DecodingRun] = []
        for index in active {
            for (part, source) in questions[index].input.sources.enumerated() {
                for place in questions[index].search.live.indices {
                    let slot = store.take()
                    questions[index].slots.insert(slot)
                    questions[index].search.live[place].take(slot, source: part)
                    let hypothesis = questions[index].search.live[place]
                    runs.append(
                        DecodingRun(
                            source: source, slots: hypothesis.slots[part],
                            tokens: hypothesis.tokens.suffix(1)))
                }
            }
        }
        network.decode(runs, store, space)
    }

    /// Computes the scores of rows of states, of which a question has `largest` at most.
    private mutating func score(_ rows: Range<Int>, largest: Int) {
        let width = network.plan.vocabularySize
        if scores.count < rows.count * width { scores = FloatBuffer(unset: rows.count * width) }
        if logarithms.count < largest * width { logarithms = FloatBuffer(unset: largest * width) }
        network.scores(
            space.hidden.start + rows.lowerBound * network.plan.width, count: rows.count, space,
            into: scores.start)
    }

    /// Takes the next tokens of one question, whose hypotheses are, source after source, the rows
    /// of scores from `row` on.
    private mutating func advance(
        _ index: Int, row: Int, step: Int
    ) throws(GenerationError) {
        let width = network.plan.vocabularySize
        let number = questions[index].number
        let own = scores.start + row * width
        let likely = logarithms.start
        let count = questions[index].search.live.count
        let rows = questions[index].rows
        guard firstNotFinite(own, count: rows * width) == nil else {
            throw .notFinite(source: number, step: step)
        }
        likely.update(from: own, count: rows * width)
        space.team.share(rows) { _, part in
            network.kernels.logSoftmax(
                likely + part.lowerBound * width, count: part.count, width: width)
        }
        let input = questions[index].input
        space.team.share(count * width) { _, part in
            input.marginalise(likely, size: count * width, part)
        }
        if questions[index].search.takesLogarithms || questions[index].input.sources.count > 1 {
            own.update(from: likely, count: count * width)
        }
        for (place, hypothesis) in questions[index].search.live.enumerated() {
            rules.apply(
                source: number, hypothesis.tokens,
                UnsafeMutableBufferPointer(start: own + place * width, count: width))
        }
        let goesOn = questions[index].search.advance(
            UnsafeMutableBufferPointer(start: own, count: count * width), vocabulary: width
        ) { likely[$0 * width + Int($1)] }
        guard goesOn else { throw .noTokenAllowed(source: number, step: step) }
        release(index)
    }

    /// Gives back the slots that no hypothesis of a question names any more.
    private mutating func release(_ index: Int) {
        let search = questions[index].search
        let named = search.isDone ? [] : Set(search.live.lazy.flatMap { $0.slots.joined() })
        store.give(questions[index].slots.subtracting(named))
        questions[index].slots = named
    }
}
