/// Outputs by their common beginnings, so that each beginning is decoded once.
struct OutputTrie {
    /// A token with those before it.
    struct Node: Equatable {
        var token: Int32
        /// Where the node of the token before it stands in the level before.
        var parent: Int
    }

    /// Nodes by the number of tokens before them.
    ///
    /// The last token of an output is none, since nothing follows it.
    private(set) var levels: [[Node]] = []
    /// For each output where its node stands in each level.
    private(set) var places: [[Int]] = []

    init(_ outputs: [[Int32]]) {
        var known: [[Node.Key: Int]] = []
        for output in outputs {
            var path: [Int] = []
            for (depth, token) in output.dropLast().enumerated() {
                if depth == levels.count {
                    levels.append([])
                    known.append([:])
                }
                let key = Node.Key(token: token, parent: path.last ?? 0)
                let place = known[depth][key] ?? levels[depth].count
                if place == levels[depth].count {
                    known[depth][key] = place
                    levels[depth].append(Node(token: token, parent: key.parent))
                }
                path.append(place)
            }
            places.append(path)
        }
    }
}

extension OutputTrie.Node {
    fileprivate struct Key: Hashable {
        var token: Int32
        var parent: Int
    }
}
