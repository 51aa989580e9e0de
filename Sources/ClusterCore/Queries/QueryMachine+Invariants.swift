/// What must be true of questions on their way between any two events.
extension QueryMachine {
    /// What is not as it must be, each in one sentence; empty in a sound machine.
    package var violations: [String] {
        var places: [UInt64: Int] = [:]
        for number in asked.keys { places[number] = 0 }
        func note(_ numbers: some Sequence<UInt64>) {
            for number in numbers { places[number]? += 1 }
        }
        note(batches.waiting)
        note(encoding)
        for group in groups.values { note(group.members.map(\.number)) }
        for search in searches.values {
            note(search.shared.waiting)
            note(search.consulting)
            note(search.again.map(\.number))
        }
        for gathering in gatherings.values {
            note(gathering.shared?.waiting ?? gathering.members)
        }
        var found = places.filter { $0.value != 1 }.keys.sorted().map {
            "request \($0) is in \(places[$0] ?? 0) places"
        }
        if batches.requests != asked.keys.sorted() {
            found.append("\(asked.count) requests are asked, \(batches.requests.count) counted")
        }
        for number in searches.keys.sorted() where searches[number]?.isOver == true {
            found.append("search \(number) is over and holds its generation")
        }
        for requestID in requests.keys.sorted() where !answers.isKnown(requestID) {
            found.append("request \(requestID) to a worker has no room")
        }
        return found
    }
}
