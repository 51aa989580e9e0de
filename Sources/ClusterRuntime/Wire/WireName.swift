/// What texts of the wire name: they become names of files and folders, and lines of logs.
public enum WireName: String, Sendable {
    /// A worker, a rank, a client.
    case process
    /// A collection.
    case collection
    /// The content of a file or a folder.
    case sha256

    /// The longest name of a process in bytes.
    public static let longestProcessName = 64
    /// The longest name of a collection in bytes.
    public static let longestCollectionName = 128

    /// Whether a text can name a process.
    public static func isProcess(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { isProcess(UnsafeRawBufferPointer($0)) }
    }

    /// Whether a text can name a collection.
    public static func isCollection(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { isCollection(UnsafeRawBufferPointer($0)) }
    }

    static func isProcess(_ name: UnsafeRawBufferPointer) -> Bool {
        isPathPart(name, longest: longestProcessName)
    }

    static func isCollection(_ name: UnsafeRawBufferPointer) -> Bool {
        isPathPart(name, longest: longestCollectionName)
    }

    /// Letters, digits, “-”, “_” and “.”, not beginning with “.”.
    private static func isPathPart(_ name: UnsafeRawBufferPointer, longest: Int) -> Bool {
        guard (1...longest).contains(name.count), name[0] != UInt8(ascii: ".") else { return false }
        return name.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."):
                true
            default: false
            }
        }
    }
}

extension WireName {
    /// What such a name may be, in the imperative.
    var rule: String {
        switch self {
        case .process:
            "Use 1 to \(Self.longestProcessName) letters, digits, “-”, “_” and “.”, not beginning "
                + "with “.”."
        case .collection:
            "Use letters, digits, “-”, “_” and “.”, not beginning with “.”, "
                + "\(Self.longestCollectionName) at most."
        case .sha256: "Send 64 lower-case hexadecimal digits."
        }
    }
}
