/// Finds the name that somebody has meant who has written another.
///
///     NearestName.of("learning_rate", among: ["optimizer.learningRate"])
///     // "optimizer.learningRate"
///
/// Upper case, dashes, underscores and dots do not count, and of a name with dots its last part may
/// stand for the whole.
package enum NearestName {
    /// The nearest of some names; nil where none is near.
    package static func of(_ written: String, among names: some Sequence<String>) -> String? {
        let wanted = plain(written)
        let limit = max(1, min(3, wanted.count / 3))
        var best: (name: String, distance: Int)?
        for name in names {
            let last = name.split(separator: ".").last.map(String.init) ?? name
            let distance = min(
                distance(wanted, plain(name)), distance(wanted, plain(last)))
            if distance <= limit, distance < best?.distance ?? .max { best = (name, distance) }
        }
        return best?.name
    }

    private static func plain(_ name: String) -> [Character] {
        name.lowercased().filter { !"-_.".contains($0) }.map { $0 }
    }

    /// How many characters are to be put in, taken out, changed, or exchanged with the next.
    static func distance(_ a: [Character], _ b: [Character]) -> Int {
        // Names are short; what is not is none of them.
        guard a.count <= 64, b.count <= 64 else { return .max }
        var before: [Int] = []
        var above = Array(0...b.count)
        for row in 0..<a.count {
            var own = [row + 1]
            for column in 0..<b.count {
                var least = min(own[column] + 1, above[column + 1] + 1)
                least = min(least, above[column] + (a[row] == b[column] ? 0 : 1))
                if row > 0, column > 0, a[row] == b[column - 1], a[row - 1] == b[column] {
                    least = min(least, before[column - 1] + 1)
                }
                own.append(least)
            }
            (before, above) = (above, own)
        }
        return above[b.count]
    }
}
