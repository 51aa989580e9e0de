import ClusterCore

/// The status that was told last, told again where more ask than can be told anew.
///
/// Whoever asks now and then hears what is so now. Beyond ``anew`` in one ``interval``, answers
/// are as they were a moment ago: a status goes over all workers, collections and files.
struct RecentStatuses {
    /// What ``anew`` counts in, and how old an answer may be.
    static let interval = Duration.milliseconds(100)
    /// Statuses that are found out anew in one interval.
    static let anew = 10

    private var begin = Instant(nanoseconds: .min / 2)
    private var count = 0
    /// The status of all collections, where many have asked in this interval.
    private var whole: Status?

    /// The status of one collection, or of all where the name is empty.
    ///
    /// - Parameter find: Finds it out anew.
    mutating func status(
        of name: String, at now: Instant, _ find: (String) -> Status
    ) -> Status {
        if now - begin >= Self.interval { (begin, count, whole) = (now, 0, nil) }
        count += 1
        guard count > Self.anew else { return find(name) }
        var status = whole ?? find("")
        whole = status
        if !name.isEmpty { status.collections.removeAll { $0.name != name } }
        return status
    }
}
