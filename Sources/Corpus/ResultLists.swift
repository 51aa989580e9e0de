import Formats

/// Result files that carry the passages with their texts.
///
/// DPR's JSON (`ctxs`), and what `sheaf search` writes as JSON lines (`hits`) or as one JSON object
/// of `results`.
public enum ResultLists {
    /// Reads a whole file, in its order; an id is its own, else the question's number from 1.
    ///
    /// - Throws: a `CorpusError` with file and line of a malformed element, of an empty question or
    ///   of an id that stands twice.
    public static func read(_ path: String) throws(CorpusError) -> [RankedList] {
        let elements = try JSONElements(path: path)
        var lists: [RankedList] = []
        var places: [[UInt8]: SourcePlace] = [:]
        while let (place, value) = try elements.next() {
            do throws(Malformation) {
                if let results = value["results"] {
                    for result in try results.array(field: "results") {
                        lists.append(try list(result, number: lists.count + 1))
                    }
                } else {
                    lists.append(try list(value, number: lists.count + 1))
                }
            } catch {
                throw .malformed(place: place, reason: error)
            }
            for list in lists[places.count...] {
                if let first = places.updateValue(place, forKey: Array(list.questionID.utf8)) {
                    throw .duplicateEntry(id: list.questionID, first: first, second: place)
                }
                try list.checkScores()
            }
        }
        if lists.isEmpty { throw .noQuestions(path: path) }
        return lists
    }

    private static func list(
        _ value: JSONValue, number: Int
    ) throws(Malformation) -> RankedList {
        let list = try DPRResults.list(
            value, number: number, field: value["hits"] == nil ? "ctxs" : "hits")
        guard list.question.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
            throw .emptyQuestion
        }
        return list
    }
}
