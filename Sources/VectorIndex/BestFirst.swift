/// The places of scores from the highest on; of equal ones the first comes first.
package func bestFirst(_ scores: [Double]) -> [Int] {
    scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
}
