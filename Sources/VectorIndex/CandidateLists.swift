internal import CKernels

/// What is known about the answers to some questions while codes are scanned.
///
/// Sound as `Sendable`: one thread fills it, and after that each question has one thread.
final class CandidateLists: @unchecked Sendable {
    let lists: UnsafeMutableBufferPointer<sheaf_scan_list>
    /// The best of those candidates of each question that are scored already.
    private let scored: UnsafeMutableBufferPointer<TopRows>
    private let k: Int
    private let capacity: Int
    private let candidates: UnsafeMutableBufferPointer<sheaf_scan_candidate>
    private let scratch: UnsafeMutableBufferPointer<Float>

    /// Empty lists of `count` questions with room for `capacity` candidates in each.
    init(count: Int, k: Int, capacity: Int) {
        self.k = k
        self.capacity = capacity
        lists = .allocate(capacity: count)
        candidates = .allocate(capacity: count * capacity)
        scratch = .allocate(capacity: count * capacity)
        scored = .allocate(capacity: count)
        scored.initialize(repeating: TopRows(k: k))
        for number in 0..<count {
            lists.initializeElement(
                at: number,
                to: sheaf_scan_list(
                    candidates: candidates.baseAddress.map { $0 + number * capacity },
                    scratch: scratch.baseAddress.map { $0 + number * capacity }, count: 0,
                    threshold: -.infinity))
        }
    }

    deinit {
        lists.deallocate()
        scored.deinitialize()
        scored.deallocate()
        candidates.deallocate()
        scratch.deallocate()
    }

    /// Makes room for `more` candidates of a question: drops what cannot belong into the answer;
    /// where that is too little, scores the rest, so that memory stays bounded even where bounds
    /// tell nothing apart.
    func makeRoom(for more: Int, of number: Int, _ scoring: Scoring) {
        guard lists[number].count + more > capacity else { return }
        sheaf_scan_prune(&lists[number], k)
        if lists[number].count + more > capacity { settle(number, scoring) }
    }

    /// Takes over what is known of a question from lists of other rows.
    func absorb(_ other: CandidateLists, of number: Int, _ scoring: Scoring) {
        makeRoom(for: other.lists[number].count, of: number, scoring)
        for candidate in other.candidates(of: number)
        where candidate.upper >= lists[number].threshold {
            lists[number].candidates[lists[number].count] = candidate
            lists[number].count += 1
        }
        scored[number].offer(other.scored[number].rows())
        lists[number].threshold = max(lists[number].threshold, other.lists[number].threshold)
    }

    /// The first rows of a question among all that were taken in.
    func finish(_ number: Int, _ scoring: Scoring) -> [ScoredRow] {
        settle(number, scoring)
        return scored[number].rows()
    }

    private func candidates(of number: Int) -> UnsafeBufferPointer<sheaf_scan_candidate> {
        UnsafeBufferPointer(start: lists[number].candidates, count: lists[number].count)
    }

    /// Scores the candidates of a question, the most promising first, so that the others need not
    /// be scored where their bounds fall short.
    private func settle(_ number: Int, _ scoring: Scoring) {
        sheaf_scan_prune(&lists[number], k)
        let all = candidates(of: number)
        if all.count > k + k / 4 {
            let lowest = sheaf_scan_kth_lower(&lists[number], k)
            score(all.lazy.filter { $0.lower >= lowest }.map(\.row), of: number, scoring)
            let threshold = lists[number].threshold
            score(
                all.lazy.filter { $0.lower < lowest && $0.upper >= threshold }.map(\.row),
                of: number, scoring)
        } else {
            score(all.lazy.map(\.row), of: number, scoring)
        }
        lists[number].count = 0
    }

    private func score(_ rows: some Sequence<UInt32>, of number: Int, _ scoring: Scoring) {
        let rows = rows.map { Int($0) }
        let scores = scoring.scores(of: rows, for: number)
        scored[number].offer(zip(rows, scores).map(ScoredRow.init))
        lists[number].threshold = max(
            lists[number].threshold, scoring.threshold(scored[number].threshold(), of: number))
    }
}

/// How candidates of a block of questions are scored.
struct Scoring: Sendable {
    let questions: [Float]
    let asked: EncodedQuestions
    let store: RowStore

    func scores(of rows: [Int], for number: Int) -> [Double] {
        questions.withUnsafeBufferPointer { all in
            store.scores(store.question(number, of: all), rows: rows)
        }
    }

    /// A score in the units of a question's bounds, rounded down.
    func threshold(_ score: Double, of number: Int) -> Float {
        withUnsafePointer(to: asked.questions[number]) { sheaf_scan_threshold($0, score) }
    }
}
