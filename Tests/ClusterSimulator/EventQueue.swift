import ClusterCore

/// What is yet to happen, by time; what is due at one instant happens in the order it was entered.
struct EventQueue {
    private struct Event {
        var time: Instant
        var number: UInt64
        var body: () -> Void

        func precedes(_ other: Event) -> Bool {
            (time, number) < (other.time, other.number)
        }
    }

    private var heap: [Event] = []
    private var count: UInt64 = 0

    mutating func add(at time: Instant, _ body: @escaping () -> Void) {
        count += 1
        heap.append(Event(time: time, number: count, body: body))
        var child = heap.count - 1
        while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next() -> (time: Instant, body: () -> Void)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            var parent = 0
            while true {
                var least = parent
                for child in [2 * parent + 1, 2 * parent + 2]
                where child < heap.count && heap[child].precedes(heap[least]) {
                    least = child
                }
                if least == parent { break }
                heap.swapAt(parent, least)
                parent = least
            }
        }
        return (first.time, first.body)
    }
}
