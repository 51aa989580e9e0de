import Foundation
import Logging

/// A log at the end of a file: that of a role which runs inside another program.
struct FileLog: LogHandler {
    /// The file, closed with its last log.
    private final class File: Sendable {
        let descriptor: Int32

        init?(_ path: String) {
            descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            if descriptor < 0 { return nil }
        }

        deinit { if descriptor >= 0 { close(descriptor) } }
    }

    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info
    private let file: File
    private let label: String

    /// A log to the file at `path`; one that says nothing where it cannot be written.
    static func logger(_ label: String, to path: String) -> Logger {
        guard let file = File(path) else {
            return Logger(label: label) { _ in SwiftLogNoOpLogHandler() }
        }
        return Logger(label: label) { FileLog(file: file, label: $0) }
    }

    private init(file: File, label: String) {
        self.file = file
        self.label = label
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one line at once, so that lines of several threads do not mix.
    func log(event: LogEvent) {
        let time = Date().ISO8601Format()
        let line = Array("\(time) \(event.level) \(label): \(event.message)\n".utf8)
        // A log that cannot be written must not stop what it tells of.
        _ = write(file.descriptor, line, line.count)
    }
}
