/// A token as a key, by its bytes.
///
/// Strings compare by canonical equivalence; a vocabulary may hold both forms of one character.
struct TokenKey: Hashable, Sendable {
    private let bytes: [UInt8]

    init(_ token: String) { bytes = Array(token.utf8) }
}
