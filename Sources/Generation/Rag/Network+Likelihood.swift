import Models
import Tensors

extension Network {
    /// Rows of scores that are in memory at the same time.
    private static var rowsAtOnce: Int { 256 }

    /// log p(token | source, tokens before) of outputs under one source: for each output one value
    /// a token behind its first.
    ///
    /// A beginning that outputs share is decoded once.
    func logarithms(
        of outputs: [[Int32]], _ trie: OutputTrie, under source: SourceState, number: Int
    ) throws(GenerationError) -> [[Float]] {
        let width = plan.vocabularySize
        let space = Workspace()
        let store = TokenStore(
            plan.decoder, slots: max(1, trie.levels.reduce(0) { $0 + $1.count }))
        var values = outputs.map { [Float](repeating: 0, count: max(0, $0.count - 1)) }
        var paths: [[UInt32]] = [[]]
        for (depth, nodes) in trie.levels.enumerated() {
            var longer: [[UInt32]] = []
            let runs = nodes.map { node in
                let slots = paths[node.parent] + [store.take()]
                longer.append(slots)
                return DecodingRun(source: source, slots: slots, tokens: [node.token])
            }
            let asked = Dictionary(
                grouping: outputs.indices.filter { depth < trie.places[$0].count },
                by: { trie.places[$0][depth] })
            for start in stride(from: 0, to: runs.count, by: Self.rowsAtOnce) {
                let part = start..<min(start + Self.rowsAtOnce, runs.count)
                decode(Array(runs[part]), store, space)
                let rows = FloatBuffer(unset: part.count * width)
                scores(space.hidden.start, count: part.count, space, into: rows.start)
                guard firstNotFinite(rows.start, count: part.count * width) == nil else {
                    throw .notFinite(source: number, step: depth)
                }
                kernels.logSoftmax(rows.start, count: part.count, width: width)
                for row in part {
                    for output in asked[row] ?? [] {
                        let token = Int(outputs[output][depth + 1])
                        values[output][depth] = rows.start[(row - start) * width + token]
                    }
                }
            }
            paths = longer
        }
        return values
    }
}
