import Models
import Tensors

/// Searches for the outputs of several sources together: at each step the hypotheses of all that
/// are not done are one batch of the decoder.
struct SearchLoop<Matrix: WeightMatrix> {
    private let network: Network<Matrix>
    private let rules: ScoreRules
    private var questions: [Question]
    private let store: TokenStore
    private let space = Workspace()
    /// The model's scores of the batch, and the logarithms of probabilities that they are.
    private var scores = FloatBuffer(unset: 0)
    private var logarithms = FloatBuffer(unset: 0)

    /// What is searched for, and its search.
    private struct Question {
        var number: Int
        var input: SearchInput
        var search: any TokenSearch
        /// The slots that its hypotheses name.
        var slots: Set<UInt32> = []
    }

    /// - Parameters:
    ///   - inputs: What to search for; their indices, counted from `first`, name them.
    init(
        _ network: Network<Matrix>, _ rules: ScoreRules, _ inputs: ArraySlice<SearchInput>,
        first: Int
    ) {
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
            for index in active {
                let count = questions[index].search.live.count
                try advance(index, row: row, count: count, step: step)
                row += count * questions[index].input.sources.count
            }
            step += 1
        }
        return questions.indices.map { questions[$0].search.finish() }
    }

    /// Computes `scores[sources, hypotheses, vocabulary]` of each of the questions `active`.
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
        let count = runs.count * network.plan.vocabularySize
        if scores.count < count {
            scores = FloatBuffer(unset: count)
            logarithms = FloatBuffer(unset: count)
        }
        network.scores(space.hidden.start, count: runs.count, space, into: scores.start)
    }

    /// Takes the next tokens of one question, whose `count` hypotheses are, source after source,
    /// the rows from `row` on.
    private mutating func advance(
        _ index: Int, row: Int, count: Int, step: Int
    ) throws(GenerationError) {
        let width = network.plan.vocabularySize
        let number = questions[index].number
        let own = scores.start + row * width
        let likely = logarithms.start + row * width
        let rows = count * questions[index].input.sources.count
        guard firstNotFinite(own, count: rows * width) == nil else {
            throw .notFinite(source: number, step: step)
        }
        likely.update(from: own, count: rows * width)
        network.kernels.logSoftmax(likely, count: rows, width: width)
        questions[index].input.marginalise(likely, count: count, width: width)
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
