/// What the holder of a key may be in a cluster.
///
/// The allow-list gives each key one role, in the words of ``rawValue``.
public enum KeyRole: String, CaseIterable, Sendable {
    /// Asks, and makes collections.
    case client
    /// Asks alone: searches and status.
    case readOnly = "read-only"
    /// Encodes passages and holds shards.
    case worker
    /// A rank of a training.
    case trainer
    /// Does what a client does, removes collections, ends others' runs, and stops the cluster.
    case admin

    /// The role of a key whose entry names none, as all entries did once.
    ///
    /// The least that lets a cluster of before go on being searched: a key must be said to be a
    /// worker's before passages go to its holder.
    public static let unsaid = KeyRole.client

    /// The roles in words, for messages.
    public static var words: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// What the holder calls itself in ``Hello``; ``Role/unknown`` where it never says it.
    public var role: Role {
        switch self {
        case .client, .readOnly, .admin: .client
        case .worker: .worker
        case .trainer: .unknown
        }
    }
}

/// What is known of the sender of a message by the way it came.
public enum Sender: Hashable, Sendable {
    /// Over ipc, which file permissions guard, or over a port that is open to all (`--insecure`).
    case trusted
    /// Over tcp, with a key of the allow-list.
    case key(AllowedKey)
}

/// An entry of the allow-list.
public struct AllowedKey: Hashable, Sendable {
    /// The name of its file, without the ending.
    public var name: String
    /// The key's fingerprint: what logs and messages show of it.
    public var fingerprint: String
    /// What its holder may do.
    public var role: KeyRole

    /// Makes an entry.
    public init(name: String, fingerprint: String, role: KeyRole) {
        self.name = name
        self.fingerprint = fingerprint
        self.role = role
    }
}

extension AllowedKey: CustomStringConvertible {
    /// The name and the fingerprint.
    public var description: String { "“\(name)” (\(fingerprint))" }
}
