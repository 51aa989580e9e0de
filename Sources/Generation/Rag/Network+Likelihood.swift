import Base
import Models
import Tensors

extension Network {
    /// Rows that go through the decoder together, and rows of scores that are in memory together.
    ///
    /// So few keep memory low, and are as fast as more.
    private static var rowsAtOnce: Int { 96 }
    private static var scoresAtOnce: Int { 32 }

    /// log p(token | source, tokens before) of outputs under one source: for each output one value
    /// a token behind its first.
    ///
    /// A beginning that outputs share is decoded once. All tokens are known, so they go through the
    /// decoder together, each behind those before it.
    func logarithms(
        of outputs: [[Int32]], under source: SourceState, number: Int, _ team: ThreadTeam
    ) throws(GenerationError) -> [[Float]] {
        let trie = OutputTrie(outputs)
        let space = Workspace(team)
        let store = TokenStore(
            plan.decoder, slots: max(1, trie.levels.reduce(0) { $0 + $1.count }))
        var values = outputs.map { [Float](repeating: 0, count: max(0, $0.count - 1)) }
        var runs: [DecodingRun] = []
        var asked: [[Int]] = []
        var paths: [[UInt32]] = [[]]
        for (depth, nodes) in trie.levels.enumerated() {
            paths = nodes.map { paths[$0.parent] + [store.take()] }
            for (node, slots) in zip(nodes, paths) {
                runs.append(DecodingRun(source: source, slots: slots, tokens: [node.token]))
            }
            let first = asked.count
            asked += nodes.map { _ in [] }
            for (output, places) in trie.places.enumerated() where depth < places.count {
                asked[first + places[depth]].append(output)
            }
        }
        let width = plan.vocabularySize
        let scored = FloatBuffer(unset: min(runs.count, Self.scoresAtOnce) * width)
        for start in stride(from: 0, to: runs.count, by: Self.rowsAtOnce) {
            let part = start..<min(start + Self.rowsAtOnce, runs.count)
            decode(Array(runs[part]), store, space)
            for first in stride(from: part.lowerBound, to: part.upperBound, by: Self.scoresAtOnce) {
                let rows = first..<min(first + Self.scoresAtOnce, part.upperBound)
                scores(
                    space.hidden.start + (first - start) * plan.width, count: rows.count, space,
                    into: scored.start)
                if let place = firstNotFinite(scored.start, count: rows.count * width) {
                    let step = runs[first + place / width].slots.count - 1
                    throw .notFinite(source: number, step: step)
                }
                team.share(rows.count) { _, part in
                    kernels.logSoftmax(
                        scored.start + part.lowerBound * width, count: part.count, width: width)
                }
                for row in rows {
                    let depth = runs[row].slots.count - 1
                    for output in asked[row] {
                        let token = Int(outputs[output][depth + 1])
                        values[output][depth] = scored.start[(row - first) * width + token]
                    }
                }
            }
        }
        return values
    }
}
