import ClusterCore

/// Tells, for each message that comes, who sent it and why it is refused: the one gate before
/// whatever a coordinator does.
struct AccessGate {
    /// Time between two lines of the log about the same key and kind of message.
    private static let logInterval: Duration = .seconds(10)
    /// Lines that are remembered for that.
    private static let longestMemory = 1024

    private struct Line: Hashable {
        var fingerprint: String
        var type: MessageType
    }

    /// The list; nil where no keys are asked for.
    private var allowed: AllowList?
    private var told: [String: String] = [:]
    private var logged: [Line: ContinuousClock.Instant] = [:]

    init(_ security: SecurityPolicy) {
        if case .curve(.server(_, let folder)) = security { allowed = AllowList(folder: folder) }
    }

    /// The sender of a message, by the key that it proved; nil where that key is not let in.
    mutating func sender(_ key: String?) -> Sender? {
        guard let key else { return .trusted }
        return allowed?.entry(of: key).map(Sender.key)
    }

    /// Why a message is refused; nil where its sender may send it.
    ///
    /// - Parameter tell: Is given a line about the refusal, unless it had the same a moment ago.
    mutating func refusal(
        of message: Message, from key: String?, greetedAs greeted: Role? = nil,
        now: ContinuousClock.Instant = .now, tell: (String) -> Void
    ) -> Failure? {
        let failure: Failure
        if let sender = sender(key) {
            guard
                let refusal = Permissions.refusal(
                    of: message, from: sender, greetedAs: greeted)
            else { return nil }
            failure = refusal.failure
        } else {
            failure = Failure(
                code: .denied,
                message: """
                    Key \(key.map(CurveKeys.fingerprint) ?? "") is no longer in the allow-list. \
                    Copy its .public file there again, or use another key.
                    """)
        }
        note(message.type, key, failure, now, tell)
        return failure
    }

    /// Tells of a refusal, unless the same was told a moment ago.
    private mutating func note(
        _ type: MessageType, _ key: String?, _ failure: Failure, _ now: ContinuousClock.Instant,
        _ tell: (String) -> Void
    ) {
        let line = Line(fingerprint: key.map(CurveKeys.fingerprint) ?? "", type: type)
        if let last = logged[line], last.duration(to: now) < Self.logInterval { return }
        if logged.count >= Self.longestMemory { logged.removeAll() }
        logged[line] = now
        tell("refused \(type) of key \(line.fingerprint): \(failure.message)")
    }

    /// Tells what is wrong with the allow-list, each thing once.
    mutating func tellProblems(_ tell: (String) -> Void) {
        allowed?.refresh()
        let problems = allowed?.problems ?? [:]
        for (file, problem) in problems.sorted(by: { $0.key < $1.key })
        where told[file] != problem {
            tell(problem)
        }
        told = problems
    }
}
