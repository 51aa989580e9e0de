/// Tensors by name: a sorted array, since a hash table of a hostile file's million empty tensors
/// would take several times the file's size.
package struct TensorTable: RandomAccessCollection, Sendable {
    package typealias Element = (key: String, value: StoredTensor)

    private var entries: [Element]

    /// Sorts entries by name; where a name occurs twice, that entry is the error.
    init(_ entries: consuming [Element]) throws(DuplicateName) {
        self.entries = consume entries
        self.entries.sort { $0.key < $1.key }
        for index in self.entries.indices.dropFirst()
        where self.entries[index].key == self.entries[index - 1].key {
            throw DuplicateName(entry: self.entries[index])
        }
    }

    struct DuplicateName: Error {
        var entry: Element
    }

    package var startIndex: Int { entries.startIndex }
    package var endIndex: Int { entries.endIndex }
    package subscript(position: Int) -> Element { entries[position] }

    /// The names in order.
    var keys: some RandomAccessCollection<String> { entries.lazy.map(\.key) }

    subscript(name: String) -> StoredTensor? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].key < name { low = middle + 1 } else { high = middle }
        }
        guard low < entries.count, entries[low].key == name else { return nil }
        return entries[low].value
    }
}
