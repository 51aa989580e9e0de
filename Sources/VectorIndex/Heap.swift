/// A binary heap whose first element comes before all others.
///
/// Invariant: no element comes before its parent, the one at `(index − 1) / 2`.
struct Heap<Element> {
    private(set) var elements: [Element] = []
    private let comesFirst: (Element, Element) -> Bool

    init(_ comesFirst: @escaping (Element, Element) -> Bool) {
        self.comesFirst = comesFirst
    }

    var count: Int { elements.count }
    var first: Element? { elements.first }

    mutating func insert(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard comesFirst(elements[child], elements[parent]) else { return }
            elements.swapAt(child, parent)
            child = parent
        }
    }

    mutating func replaceFirst(with element: Element) {
        elements[0] = element
        sink()
    }

    mutating func removeFirst() {
        let last = elements.removeLast()
        if elements.isEmpty { return }
        elements[0] = last
        sink()
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var winner = 2 * parent + 1
            guard winner < elements.count else { return }
            if winner + 1 < elements.count, comesFirst(elements[winner + 1], elements[winner]) {
                winner += 1
            }
            guard comesFirst(elements[winner], elements[parent]) else { return }
            elements.swapAt(winner, parent)
            parent = winner
        }
    }
}
