import ClusterCore
import Foundation

/// Reading pieces of segment files for those who lack them.
enum SegmentFiles {
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
        guard WireName.isSHA256(sha256), WireName.isCollection(request.collection),
            let file = FileHandle(
                forReadingAtPath: folder(request.collection) + "/" + sha256 + ".safetensors")
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
