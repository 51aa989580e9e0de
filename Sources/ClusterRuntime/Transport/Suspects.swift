/// Connections that are looked at soon again: new ones, and those that send something long.
///
/// They are few: of those beyond ``most`` the oldest wait for the look at all.
struct Suspects {
    /// Connections at once at most, since each costs a call of the system.
    static let most = 32
    /// Looks at a connection before it is like the others, where nothing else speaks against it.
    static let looks = 25

    private var left: [CInt: Int] = [:]
    private var order: [CInt] = []

    var isEmpty: Bool { left.isEmpty }

    /// A connection is new, or suspect again.
    mutating func note(_ descriptor: CInt) {
        if left.updateValue(Self.looks, forKey: descriptor) != nil { return }
        order.append(descriptor)
        if order.count > Self.most { left[order.removeFirst()] = nil }
    }

    /// A connection has ended.
    mutating func forget(_ descriptor: CInt) {
        guard left.removeValue(forKey: descriptor) != nil else { return }
        order.removeAll { $0 == descriptor }
    }

    /// Those to look at now.
    mutating func take() -> [CInt] {
        let now = order
        for descriptor in now {
            left[descriptor, default: 1] -= 1
            if left[descriptor] == 0 { forget(descriptor) }
        }
        return now
    }
}
