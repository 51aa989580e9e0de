import CKernels

@testable import VectorIndex

extension ExactScan {
    /// The bounds of every score: what the scan relies on.
    ///
    /// - Returns: Bounds are in units of the question; `inUnits` brings a score into them.
    func allBounds(
        _ questions: [Float]
    ) -> [(question: Int, row: Int, bounds: ClosedRange<Float>, inUnits: (Double) -> Double)] {
        let asked = EncodedQuestions(questions, store: store, path: path)
        let lists = CandidateLists(
            count: asked.questions.count, k: store.rows, capacity: table.paddedRows)
        table.candidates(in: 0..<table.paddedRows, of: asked, into: lists.lists, path: path)
        return asked.questions.indices.flatMap { question in
            let (square, unit) = (asked.questions[question].square, asked.questions[question].unit)
            return (0..<lists.lists[question].count).map { place in
                let candidate = lists.lists[question].candidates[place]
                return (
                    question, Int(candidate.row), candidate.lower...candidate.upper,
                    { ($0 + square) * unit }
                )
            }
        }
    }
}
