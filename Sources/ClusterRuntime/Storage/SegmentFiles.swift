import Base
import ClusterCore
import Corpus
import Foundation
import VectorIndex

/// The segment files of a folder: pieces of them for those who lack them, and whether they are what
/// the catalog says.
enum SegmentFiles {
    /// Where the segment of this digest lies in `folder`.
    static func path(_ sha256: String, in folder: String) -> String {
        folder + "/" + sha256 + ".safetensors"
    }

    /// What a damaged file at `path` is renamed to: it is never read again, and nothing is lost.
    static func asidePath(_ path: String) -> String { path + ".damaged" }

    /// Reads every segment of a page once; what is not as it was written is set aside.
    static func check(_ request: CheckSegments, in folder: String) -> SegmentsChecked {
        var answer = SegmentsChecked(collection: request.collection)
        for reference in request.segments {
            switch check(reference, request, in: folder) {
            case .sound: answer.sound.append(reference.sha256)
            case .damaged: answer.damaged.append(reference.sha256)
            case .missing: break
            }
        }
        return answer
    }

    private static func check(
        _ reference: SegmentRef, _ request: CheckSegments, in folder: String
    ) -> SegmentAudit.Finding {
        guard Hexadecimal.isSHA256(reference.sha256.utf8) else { return .missing }
        let path = path(reference.sha256, in: folder)
        do throws(IndexError) {
            let segment = try Segment.open(path: path, expecting: reference.sha256)
            // A sound file of another batch is that one's: the row is wrong, not the file.
            let isOfBatch =
                UInt64(segment.batch) == reference.batch
                && segment.firstOrdinal.rawValue == reference.firstOrdinal
                && UInt64(segment.rows) == reference.rows
                && UInt64(segment.bytes) == reference.bytes
                && segment.sourceDigest == request.sourceDigest
                && segment.fingerprint == request.fingerprint
            return isOfBatch ? .sound : .missing
        } catch {
            if case .fileSystem(_, _, ENOENT) = error { return .missing }
            try? FileNames.rename(path, to: asidePath(path))
            return .damaged
        }
    }

    /// At most `count` bytes of the segment that is asked for, or a part marked missing.
    ///
    /// Names of collection and segment are checked: they come over the wire and become a path.
    ///
    /// - Parameter folder: Where the segments of a collection lie.
    static func part(
        _ request: SegmentRequest, count: Int, in folder: (String) -> String
    ) -> SegmentPart {
        let missing = SegmentPart(bytes: [], total: 0, isMissing: true)
        let (sha256, offset) = (request.sha256, request.offset)
        guard Hexadecimal.isSHA256(sha256.utf8), WireName.isCollection(request.collection),
            let file = FileHandle(
                forReadingAtPath: path(sha256, in: folder(request.collection)))
        else { return missing }
        defer { try? file.close() }
        do {
            let total = try file.seekToEnd()
            guard offset < total else { return missing }
            try file.seek(toOffset: offset)
            let bytes = try file.read(upToCount: count) ?? Data()
            return SegmentPart(bytes: Array(bytes), total: total, isMissing: bytes.isEmpty)
        } catch {
            return missing
        }
    }
}
