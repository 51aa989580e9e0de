/// A number of things with its noun: `1 batch`, `2 batches`.
package func counted(_ count: some BinaryInteger, _ noun: String) -> String {
    "\(count) \(count == 1 ? noun : plural(noun))"
}

/// An English noun in the plural: `batches`, `queries`, `rows`.
package func plural(_ noun: String) -> String {
    if ["s", "x", "z", "ch", "sh"].contains(where: noun.hasSuffix) { return noun + "es" }
    let isAfterVowel = noun.dropLast().last.map { "aeiou".contains($0) } ?? true
    if noun.hasSuffix("y"), !isAfterVowel { return noun.dropLast() + "ies" }
    return noun + "s"
}
