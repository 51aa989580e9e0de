import Foundation

/// The scores of one question with all passages, and the terms of the loss over them.
///
/// Each term gives its value and its slope: ∂value/∂scores.
struct QuestionScores {
    /// One score a passage.
    var scores: [Double]
    /// Rows of the question's own passages, the positive first.
    var candidates: [Int]
    /// Rows that do not take part.
    var masked: Set<Int>
    /// The teacher's scores of the candidates; empty without a teacher.
    var teacher: [Double]
    /// Per row a number that copies of one passage share; empty where no term needs it.
    var groups: [Int] = []
    /// Whether the contrast takes one of several copies of a passage, as quartets need it, whose
    /// halves bring the same two.
    var countsCopiesOnce = false
    /// Rows that the contrast is over; nil: all.
    var rivals: Set<Int>?

    private var positive: Int { candidates[0] }
    private var negatives: ArraySlice<Int> { candidates.dropFirst() }

    /// Rank of the positive from 1; a passage with the same score counts before it.
    ///
    /// Ties count against the model, so that one that gives every passage one vector is not best.
    var rank: Int {
        1
            + scores.indices.count { index in
                index != positive && !masked.contains(index) && scores[index] >= scores[positive]
            }
    }

    /// The weighted sum of all terms.
    func terms(
        _ settings: LossSettings, withContrast: Bool
    ) -> (value: Double, slope: [Double]) {
        var value = 0.0
        var slope = [Double](repeating: 0, count: scores.count)
        func add(_ weight: Double, _ term: (value: Double, slope: [Double])) {
            value += weight * term.value
            for index in slope.indices { slope[index] += weight * term.slope[index] }
        }
        if withContrast { add(settings.contrastWeight, contrast()) }
        if settings.tripletWeight > 0 {
            add(settings.tripletWeight, triplet(margin: settings.tripletMargin))
        }
        if settings.marginWeight > 0 { add(settings.marginWeight, marginError()) }
        if settings.binaryWeight > 0 { add(settings.binaryWeight, binary()) }
        if settings.quartetWeight > 0 { add(settings.quartetWeight, quartet()) }
        if settings.divergenceWeight > 0 {
            let temperature = settings.divergenceTemperature
            let factor = settings.divergenceTimesSquaredTemperature ? temperature * temperature : 1
            add(settings.divergenceWeight * factor, divergence(settings))
        }
        return (value, slope)
    }

    /// −[s₊ − log Σ exp s].
    func contrast() -> (value: Double, slope: [Double]) {
        let countsOnce = countsCopiesOnce && !groups.isEmpty
        var seen = countsOnce ? [groups[positive]] : Set<Int>()
        let open = scores.indices.map { index in
            guard index != positive else { return scores[index] }
            let isOut = masked.contains(index) || rivals?.contains(index) == false
            guard !isOut else { return -Double.infinity }
            guard countsOnce else { return scores[index] }
            return seen.insert(groups[index]).inserted ? scores[index] : -Double.infinity
        }
        let total = LogSumExp.value(open)
        var slope = open.map { exp($0 - total) }
        slope[positive] -= 1
        return (total - scores[positive], slope)
    }

    /// The mean over rows of log(1 + exp(−s)) for the positive and its copies, log(1 + exp s) for
    /// all others; slope: sigmoid(s) − 1 or sigmoid(s), over the number of rows.
    func binary() -> (value: Double, slope: [Double]) {
        var value = 0.0
        var slope = [Double](repeating: 0, count: scores.count)
        let rows = scores.indices.filter {
            $0 == positive || isCopy($0, of: positive) || !masked.contains($0)
        }
        let share = 1 / Double(rows.count)
        for row in rows {
            let score = scores[row]
            let wanted: Double = row == positive || isCopy(row, of: positive) ? 1 : 0
            // Without overflow: max(s, 0) − s·y + log(1 + exp(−|s|)).
            value += share * (max(score, 0) - score * wanted + log1p(exp(-abs(score))))
            slope[row] = share * (1 / (1 + exp(-score)) - wanted)
        }
        return (value, slope)
    }

    /// Σ t (log t − log p) over the candidates, with t the teacher's softmax over them and p the
    /// student's over the whole batch, where each passage counts once; slope: p − t.
    func quartet() -> (value: Double, slope: [Double]) {
        var slope = [Double](repeating: 0, count: scores.count)
        guard !teacher.isEmpty else { return (0, slope) }
        let own = Set(candidates)
        var seen = groups.isEmpty ? [] : Set(candidates.map { groups[$0] })
        let open = scores.indices.map { row in
            if own.contains(row) { return scores[row] }
            if masked.contains(row) { return -Double.infinity }
            let isFirst = groups.isEmpty || seen.insert(groups[row]).inserted
            return isFirst ? scores[row] : -Double.infinity
        }
        let total = LogSumExp.value(open)
        let wanted = LogSumExp.value(teacher)
        var value = 0.0
        for row in open.indices { slope[row] = exp(open[row] - total) }
        for (number, row) in candidates.enumerated() {
            let target = exp(teacher[number] - wanted)
            value += target * (teacher[number] - wanted - scores[row] + total)
            slope[row] -= target
        }
        return (value, slope)
    }

    private func isCopy(_ row: Int, of other: Int) -> Bool {
        !groups.isEmpty && groups[row] == groups[other]
    }

    /// The mean over own negatives of max(0, margin − s₊ + s₋).
    private func triplet(margin: Double) -> (value: Double, slope: [Double]) {
        overNegatives { negative in
            let gap = margin - scores[positive] + scores[negative]
            return gap > 0 ? (gap, -1) : (0, 0)
        }
    }

    /// The mean over own negatives of ((s₊ − s₋) − (t₊ − t₋))².
    private func marginError() -> (value: Double, slope: [Double]) {
        guard !teacher.isEmpty else { return (0, scores.map { _ in 0 }) }
        var number = 0
        return overNegatives { negative in
            number += 1
            let error =
                (scores[positive] - scores[negative]) - (teacher[0] - teacher[number])
            return (error * error, 2 * error)
        }
    }

    /// Means of a function of each negative that gives its value and ∂value/∂(s₊ − s₋).
    private func overNegatives(
        _ term: (Int) -> (value: Double, slope: Double)
    ) -> (value: Double, slope: [Double]) {
        var sum = 0.0
        var slope = [Double](repeating: 0, count: scores.count)
        guard !negatives.isEmpty else { return (0, slope) }
        let share = 1 / Double(negatives.count)
        for negative in negatives {
            let (value, gap) = term(negative)
            sum += value * share
            slope[positive] += gap * share
            slope[negative] -= gap * share
        }
        return (sum, slope)
    }

    /// The divergence between teacher and student over the candidates at the temperature.
    ///
    /// With a = softmax(t/T), b = softmax(s/T): KL(a ‖ b) has the slope (b − a)/T, KL(b ‖ a) the
    /// slope b·(log b − log a − KL)/T.
    private func divergence(_ settings: LossSettings) -> (value: Double, slope: [Double]) {
        var slope = [Double](repeating: 0, count: scores.count)
        guard !teacher.isEmpty else { return (0, slope) }
        let temperature = settings.divergenceTemperature
        func logSoftmax(_ numbers: [Double]) -> [Double] {
            let total = LogSumExp.value(numbers)
            return numbers.map { $0 - total }
        }
        let wanted = logSoftmax(teacher.map { $0 / temperature })
        let given = logSoftmax(candidates.map { scores[$0] / temperature })
        var value = 0.0
        switch settings.direction {
        case .teacherStudent:
            for index in wanted.indices {
                value += exp(wanted[index]) * (wanted[index] - given[index])
            }
            for (index, candidate) in candidates.enumerated() {
                slope[candidate] += (exp(given[index]) - exp(wanted[index])) / temperature
            }
        case .studentTeacher:
            for index in wanted.indices {
                value += exp(given[index]) * (given[index] - wanted[index])
            }
            for (index, candidate) in candidates.enumerated() {
                let excess = given[index] - wanted[index] - value
                slope[candidate] += exp(given[index]) * excess / temperature
            }
        }
        return (value, slope)
    }
}
