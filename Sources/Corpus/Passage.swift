/// A unit of retrievable text, as its source gives it.
public struct Passage: Hashable, Sendable {
    /// The source's own id, kept and printed as it came.
    public var id: String
    /// The title, empty where the source has none.
    public var title: String
    /// The body.
    public var text: String

    /// Makes a passage.
    public init(id: String, title: String, text: String) {
        self.id = id
        self.title = title
        self.text = text
    }

    /// The largest record a reader accepts, in bytes, so that a passage fits into one message.
    public static let maximumBytes = 12 << 20
}

/// The position of a passage in its collection, which breaks ties and never depends on a worker.
public struct Ordinal: Hashable, Comparable, Sendable, Codable {
    /// The position, counted from 0.
    public var rawValue: UInt64

    /// Makes an ordinal of a position.
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Tells whether one ordinal comes before another.
    public static func < (left: Ordinal, right: Ordinal) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// A place in a file, for messages.
public struct SourcePlace: Hashable, Sendable, CustomStringConvertible {
    /// The path as the user gave it.
    public var path: String
    /// The line, counted from 1.
    public var line: UInt64

    /// Makes a place.
    public init(path: String, line: UInt64) {
        self.path = path
        self.line = line
    }

    /// The place as `path:line`.
    public var description: String { "\(path):\(line)" }
}

/// Where a record of a source starts, so that reading can be resumed there.
public struct PassagePosition: Hashable, Sendable, Codable {
    /// The index of the file in the source.
    public var file: Int
    /// The offset in the decompressed bytes of that file; in SQuAD's JSON, whose paragraphs are
    /// numbered over all files, how many of them come before.
    public var byteOffset: UInt64
    /// The line at that offset, counted from 1.
    public var line: UInt64

    /// Makes a position.
    public init(file: Int, byteOffset: UInt64, line: UInt64) {
        self.file = file
        self.byteOffset = byteOffset
        self.line = line
    }

    /// The start of a source.
    public static let start = PassagePosition(file: 0, byteOffset: 0, line: 1)
}
