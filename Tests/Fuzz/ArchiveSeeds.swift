import Foundation

/// Small archives, written here byte by byte, not by what is fuzzed.
enum ArchiveSeeds {
    /// A text of 410 bytes, deflated with codes of its own.
    private static let deflated = Array(
        Data(
            base64Encoded: """
                tY1JEoMgFESv8g+QsjKPx8gJQJkU+YAMyumD2WeRhcuu97o7SAYuqnYA6jEb4DhDH0c7ASbm\
                IVSsSVmgQ/H6pm1kS6o3LkCrlFWQwFViFRVmQCsX0deumJoNRELbjnEhVT/o0aB1fgox5Xkp\
                v8nbSmVmQA5Urz8uEh/Kri52gq2vCfMT9ofj6Xy53u6PBv5vfAA=
                """) ?? Data())
    private static let deflatedSize = 410
    private static let deflatedChecksum: UInt32 = 1_276_369_006

    private static let plain = Array("Aaron is a prophet.\n".utf8)

    /// gzip files of one member and of several, with names and comments, and with padding.
    static let gzip: [[UInt8]] = {
        let short = member(stored(plain), plain.count, checksum(plain))
        let long = member(deflated, deflatedSize, deflatedChecksum)
        let named = member(stored(plain), plain.count, checksum(plain), flags: 0x1C)
        return [short, long, named, short + long + named, long + [UInt8](repeating: 0, count: 600)]
    }()

    /// zip archives whose members are stored or deflated, with and without fields of 64 bits.
    static let zip: [[UInt8]] = {
        let members = [
            Member("a/data.pkl", plain, plain.count, checksum(plain), isDeflated: false),
            Member("a/data/0", deflated, deflatedSize, deflatedChecksum, isDeflated: true),
            Member("empty", [], 0, 0, isDeflated: false),
        ]
        return [
            archive(members, is64: false), archive(members, is64: true),
            archive([members[1]], is64: false, comment: Array("a comment".utf8)),
        ]
    }()

    private static func member(
        _ packed: [UInt8], _ size: Int, _ checksum: UInt32, flags: UInt8 = 0
    ) -> [UInt8] {
        var bytes: [UInt8] = [0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 3]
        if flags & 4 != 0 { bytes += [4, 0] + Array("abcd".utf8) }
        if flags & 8 != 0 { bytes += Array("corpus.tsv\0".utf8) }
        if flags & 16 != 0 { bytes += Array("a comment\0".utf8) }
        return bytes + packed + little(UInt64(checksum), 4) + little(UInt64(size), 4)
    }

    /// Deflated as one block that is stored.
    private static func stored(_ bytes: [UInt8]) -> [UInt8] {
        let count = UInt64(bytes.count)
        return [1] + little(count, 2) + little(~count, 2) + bytes
    }

    private struct Member {
        var name: [UInt8]
        var packed: [UInt8]
        var size: Int
        var checksum: UInt32
        var isDeflated: Bool

        init(
            _ name: String, _ packed: [UInt8], _ size: Int, _ checksum: UInt32, isDeflated: Bool
        ) {
            self.name = Array(name.utf8)
            (self.packed, self.size) = (packed, size)
            (self.checksum, self.isDeflated) = (checksum, isDeflated)
        }

        /// What a member and its entry in the directory have in common.
        func common(_ extra: Int, size: UInt64, packed: UInt64) -> [UInt8] {
            [45, 0, 0, 0, isDeflated ? 8 : 0, 0, 0, 0, 0, 0] + little(UInt64(checksum), 4)
                + little(packed, 4) + little(size, 4) + little(UInt64(name.count), 2)
                + little(UInt64(extra), 2)
        }
    }

    private static func archive(
        _ members: [Member], is64: Bool, comment: [UInt8] = []
    ) -> [UInt8] {
        let unknown: UInt64 = 0xFFFF_FFFF
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        for member in members {
            let (size, packed) = (UInt64(member.size), UInt64(member.packed.count))
            let header = UInt64(bytes.count)
            let extra =
                is64
                ? little(1, 2) + little(24, 2) + little(size, 8) + little(packed, 8)
                    + little(header, 8) : []
            bytes += [0x50, 0x4B, 3, 4] + member.common(0, size: size, packed: packed)
            bytes += member.name + member.packed
            directory += [0x50, 0x4B, 1, 2, 45, 0]
            directory += member.common(
                extra.count, size: is64 ? unknown : size, packed: is64 ? unknown : packed)
            directory += [UInt8](repeating: 0, count: 10) + little(is64 ? unknown : header, 4)
            directory += member.name + extra
        }
        let (start, length) = (UInt64(bytes.count), UInt64(directory.count))
        let count = UInt64(members.count)
        bytes += directory
        if is64 {
            let end = UInt64(bytes.count)
            bytes += [0x50, 0x4B, 6, 6] + little(44, 8) + little(45, 2) + little(45, 2)
            bytes += [UInt8](repeating: 0, count: 8) + little(count, 8) + little(count, 8)
            bytes += little(length, 8) + little(start, 8)
            bytes += [0x50, 0x4B, 6, 7] + little(0, 4) + little(end, 8) + little(1, 4)
        }
        bytes += [0x50, 0x4B, 5, 6, 0, 0, 0, 0]
        bytes += little(is64 ? 0xFFFF : count, 2) + little(is64 ? 0xFFFF : count, 2)
        bytes += little(is64 ? unknown : length, 4) + little(is64 ? unknown : start, 4)
        return bytes + little(UInt64(comment.count), 2) + comment
    }

    private static func little(_ number: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
    }

    /// The CRC-32 of both formats, bit by bit.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in
                crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0)
            }
        }
    }
}
