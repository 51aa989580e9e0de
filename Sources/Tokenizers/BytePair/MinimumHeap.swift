/// A binary heap that gives the least element first.
struct MinimumHeap<Element: Comparable> {
    private var elements: [Element] = []

    mutating func insert(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if elements[child] >= elements[parent] { return }
            elements.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeMinimum() -> Element? {
        guard let last = elements.popLast() else { return nil }
        if elements.isEmpty { return last }
        let minimum = elements[0]
        elements[0] = last
        var parent = 0
        while true {
            var least = parent
            var child = 2 * parent + 1
            let end = min(child + 2, elements.count)
            while child < end {
                if elements[child] < elements[least] { least = child }
                child += 1
            }
            if least == parent { return minimum }
            elements.swapAt(parent, least)
            parent = least
        }
    }
}
