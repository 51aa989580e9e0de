import Base
import Formats

/// A stretch of a file and the CRC-32 it must have.
struct MemberChecksum: Equatable, Sendable {
    var range: Range<Int>
    var crc32: UInt32
}

extension Checkpoint {
    /// Compares the members of zip archives with their CRC-32; other formats carry no checksum.
    ///
    /// Reads each file once. What needs no weights, such as telling the towers, leaves it out.
    package func verifyChecksums() throws(ModelError) {
        for (file, members) in zip(files, checksums) {
            for member in members {
                do throws(FormatError) {
                    try ZipArchive.check(file, member.range, crc32: member.crc32)
                } catch {
                    throw .malformedFile(
                        path: file.path, offset: error.offset, reason: error.reason)
                }
            }
            try file.check()
        }
    }
}
