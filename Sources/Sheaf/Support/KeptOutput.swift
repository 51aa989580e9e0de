import Base
import Foundation

/// Output that is kept until it is whole: in memory as long as it is short, else in a file without
/// a name.
final class KeptOutput {
    /// Bytes kept in memory at most.
    private static let limit = 8 << 20
    /// Bytes that are copied at once.
    private static let pieceBytes = 1 << 20

    private var bytes: [UInt8] = []
    private var file: OpenFile?

    func add(_ more: [UInt8]) throws(FileError) {
        bytes += more
        guard bytes.count > KeptOutput.limit else { return }
        if file == nil { file = try OpenFile(namelessIn: NSTemporaryDirectory()) }
        try file?.write(bytes)
        bytes = []
    }

    func writeToStandardOutput() throws(FileError) {
        if let file {
            try file.seek(to: 0)
            var piece = [UInt8](repeating: 0, count: KeptOutput.pieceBytes)
            while true {
                let count = try file.read(into: &piece, 0..<piece.count)
                guard count > 0 else { break }
                try OpenFile.writeToStandardOutput(Array(piece.prefix(count)))
            }
            self.file = nil
        }
        try OpenFile.writeToStandardOutput(bytes)
        bytes = []
    }
}
