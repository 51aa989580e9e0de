import CZeroMQ
public import ClusterCore

/// What a `*.public` file holds: a key, and the role of its holder.
///
///     rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7
///     role: worker
///
/// A file of the key alone, as it was before there were roles, has ``KeyRole/unsaid``.
public struct PublicKeyFile: Equatable, Sendable {
    /// The key in Z85.
    public var key: String
    /// What the file says of its holder; nil where it says nothing.
    public var role: KeyRole?

    /// The first sixteen digits of the SHA-256 of the key, as logs show it.
    public var fingerprint: String { CurveKeys.fingerprint(of: key) }

    /// More than any key file has.
    private static let longest = 256

    /// Reads a file; throws ``TransportError/keyFile(path:reason:)`` with the reason.
    public init(_ path: String) throws(TransportError) {
        let bytes = try KeyFile.beginning(of: path, Self.longest)
        guard bytes.count < Self.longest else {
            throw .keyFile(path: path, reason: "it is longer than any key file")
        }
        let lines = String(decoding: bytes, as: UTF8.self)
            .split(whereSeparator: \.isNewline).map(String.init)
        guard let key = lines.first, KeyFile.isKey(key) else {
            throw .keyFile(
                path: path,
                reason: "its first line is not a key of \(KeyFile.length) characters in Z85")
        }
        self.key = key
        role = nil
        for line in lines.dropFirst() {
            guard role == nil, let said = Self.role(of: line) else {
                throw .keyFile(
                    path: path,
                    reason: "“\(line)” is not “role: ” and one of \(KeyRole.words)")
            }
            role = said
        }
    }

    private static func role(of line: String) -> KeyRole? {
        let parts = line.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "role" else { return nil }
        return KeyRole(rawValue: String(parts[1].trimmingPrefix(while: \.isWhitespace)))
    }

    /// The text of a file.
    static func text(key: String, role: KeyRole?) -> String {
        key + "\n" + (role.map { "role: \($0.rawValue)\n" } ?? "")
    }
}
