/// Which role may send which message to the side that binds: what `wire.proto` says behind each.
///
/// Asked once for every message that comes, before anything is done with it. A type that no role
/// may send is the coordinator's own.
public enum Permissions {
    /// The roles whose keys may send a message of this type.
    public static func senders(of type: MessageType) -> Set<KeyRole> { type.senders }

    /// Why a message is refused; nil where its sender may send it.
    ///
    /// - Parameter greeted: As what the sender has said HELLO: the role of its key may have been
    ///   changed since.
    public static func refusal(
        of message: Message, from sender: Sender, greetedAs greeted: Role? = nil
    ) -> PermissionRefusal? {
        guard case .key(let key) = sender else { return nil }
        if case .hello(let hello) = message {
            guard hello.role == key.role.role else {
                return PermissionRefusal(key: key, reason: .wrongRole(wanted: hello.role))
            }
        } else if let greeted, greeted != key.role.role {
            return PermissionRefusal(key: key, reason: .wrongRole(wanted: greeted))
        }
        if message.type == .trainerHello, key.role != .trainer {
            return PermissionRefusal(key: key, reason: .noTrainer)
        }
        guard senders(of: message.type).contains(key.role) else {
            return PermissionRefusal(key: key, reason: .message(message.type))
        }
        return nil
    }

    /// Why a run of indexing may not be ended by a sender; nil where it may.
    ///
    /// - Parameter owner: Who began the run.
    public static func refusalToCancel(
        runOf owner: Sender, by sender: Sender
    ) -> PermissionRefusal? {
        guard case .key(let key) = sender, key.role != .admin else { return nil }
        if case .key(let other) = owner, other.fingerprint == key.fingerprint { return nil }
        return PermissionRefusal(key: key, reason: .runOfAnother(owner))
    }
}

/// Why a key's holder may not do what it asks for.
public struct PermissionRefusal: Equatable, Sendable {
    /// What is refused.
    public enum Reason: Equatable, Sendable {
        /// It says HELLO as what its key is not.
        case wrongRole(wanted: Role)
        /// It wants to train with a key of another role.
        case noTrainer
        /// Its role may not send such a message.
        case message(MessageType)
        /// It would end a run that another began.
        case runOfAnother(Sender)
    }

    /// The key.
    public var key: AllowedKey
    /// What is refused.
    public var reason: Reason

    /// Makes a refusal.
    public init(key: AllowedKey, reason: Reason) {
        self.key = key
        self.reason = reason
    }

    /// The answer that the holder gets.
    public var failure: Failure { Failure(code: .denied, message: description) }
}

extension PermissionRefusal: CustomStringConvertible {
    /// One message that ends with the remedy.
    public var description: String {
        switch reason {
        case .wrongRole(.unknown): "The key of \(key) says HELLO without a role. Name one in it."
        case .wrongRole(.worker): wrongRole(wanted: .worker)
        case .wrongRole(.client): wrongRole(wanted: .client)
        case .noTrainer: wrongRole(wanted: .trainer)
        case .message(let type):
            """
            The key of \(key) is allowed as \(key.role.rawValue) and may not \(deed(type)). Use a \
            key whose role is \(roles(of: type)), or change `role:` in \
            allowed/\(key.name).public at the coordinator.
            """
        case .runOfAnother(let owner):
            """
            The key of \(key) did not begin this run: \(name(of: owner)) did. Ask its owner to \
            end it, or use a key whose role is \(KeyRole.admin.rawValue).
            """
        }
    }

    private func wrongRole(wanted: KeyRole) -> String {
        """
        The key of \(key) is allowed as \(key.role.rawValue), not as \(wanted.rawValue). Use a \
        key of that role, or write `role: \(wanted.rawValue)` into allowed/\(key.name).public \
        at the coordinator.
        """
    }

    private func roles(of type: MessageType) -> String {
        let roles = Permissions.senders(of: type)
        let names = KeyRole.allCases.filter(roles.contains).map(\.rawValue)
        return names.isEmpty ? "that of the coordinator" : names.joined(separator: " or ")
    }

    /// What a message asks for, as a user would say it.
    private func deed(_ type: MessageType) -> String {
        switch type {
        case .indexRequest: "index"
        case .queryRequest: "search"
        case .statusRequest: "ask for the status"
        case .dropRequest: "remove a collection"
        case .cancel: "end a run of indexing"
        case .shutdown: "stop the cluster"
        default: "send \(type)"
        }
    }

    private func name(of sender: Sender) -> String {
        switch sender {
        case .trusted: "somebody on the coordinator's host"
        case .key(let key): "\(key)"
        }
    }
}
