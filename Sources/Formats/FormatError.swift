/// Where a file breaks its format, and how; each room gives it as an error of its own.
package struct FormatError: Error, Equatable, Sendable {
    /// In bytes from the beginning of the file.
    package var offset: Int
    /// How it breaks it.
    package var reason: String

    /// Makes an error.
    package init(_ offset: Int, _ reason: String) {
        self.offset = offset
        self.reason = reason
    }

    /// An error of a JSON text that begins at an offset of the file.
    package init(_ error: JSONError, from start: Int = 0) {
        self.init(start + error.offset, error.reason)
    }
}
