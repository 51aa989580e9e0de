extension Healing {
    /// Whether nothing was wrong.
    public var isEmpty: Bool { self == Healing() }

    /// Each kind in words, with its number.
    public var counts: [(kind: String, count: UInt64)] {
        [
            ("missing segments encoded again", segmentsMissing),
            ("damaged segments replaced", segmentsDamaged),
            ("copies forgotten", copiesLost), ("copies found", copiesFound),
            ("manifests written again", manifests), ("catalog rows put right", rows),
        ]
    }
}
