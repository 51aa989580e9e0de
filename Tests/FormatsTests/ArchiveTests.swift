import Base
import Formats
import TestSupport
import Testing

struct ArchiveTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func number(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// CRC-32 bit by bit.
    private func checksum(_ bytes: [UInt8]) -> UInt32 {
        var crc = UInt32.max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? 0xEDB8_8320 ^ crc >> 1 : crc >> 1 }
        }
        return ~crc
    }

    /// An archive of one member; a deflated one is one stored block of RFC 1951.
    private func archive(
        _ content: [UInt8], name: String = "m/a", deflated: Bool = false, crc: UInt32? = nil,
        zip64: Bool = false
    ) -> [UInt8] {
        let packed =
            deflated
            ? [1] + number(content.count, 2) + number(~content.count & 0xFFFF, 2) + content
            : content
        let method = deflated ? 8 : 0
        let sum = number(Int(crc ?? checksum(content)), 4)
        let path = Array(name.utf8)
        let sizes = number(packed.count, 4) + number(content.count, 4)
        let local =
            number(0x0403_4B50, 4) + number(20, 2) + number(0, 2) + number(method, 2)
            + number(0, 4) + sum + sizes + number(path.count, 2) + number(0, 2) + path + packed
        let extra =
            zip64
            ? number(1, 2) + number(24, 2) + number(content.count, 8) + number(packed.count, 8)
                + number(0, 8) : []
        let entrySizes = zip64 ? [UInt8](repeating: 0xFF, count: 8) : sizes
        let offset = zip64 ? [UInt8](repeating: 0xFF, count: 4) : number(0, 4)
        let entry =
            number(0x0201_4B50, 4) + number(20, 2) + number(20, 2) + number(0, 2)
            + number(method, 2) + number(0, 4) + sum + entrySizes + number(path.count, 2)
            + number(extra.count, 2) + number(0, 2) + number(0, 2) + number(0, 2) + number(0, 4)
            + offset + path + extra
        var end: [UInt8] = []
        if zip64 {
            end =
                number(0x0606_4B50, 4) + number(44, 8) + number(45, 2) + number(45, 2)
                + number(0, 8) + number(1, 8) + number(1, 8) + number(entry.count, 8)
                + number(local.count, 8)
            end +=
                number(0x0706_4B50, 4) + number(0, 4) + number(local.count + entry.count, 8)
                + number(1, 4)
        }
        let ones = [UInt8](repeating: 0xFF, count: 12)
        let place =
            zip64
            ? ones
            : number(1, 2) + number(1, 2) + number(entry.count, 4) + number(local.count, 4)
        end += number(0x0605_4B50, 4) + number(0, 4) + place + number(0, 2)
        return local + entry + end
    }

    private func content(_ bytes: [UInt8]) throws -> [[UInt8]] {
        let archive = try ZipArchive(MappedFile(folder.write("a.zip", bytes)))
        var contents: [[UInt8]] = []
        for member in archive.members { contents.append(try archive.content(of: member)) }
        return contents
    }

    @Test func `members are stored or deflated, with wide fields or narrow ones`() throws {
        let text = Array("some content".utf8)
        for deflated in [false, true] {
            for zip64 in [false, true] {
                let bytes = archive(text, deflated: deflated, zip64: zip64)
                #expect(try content(bytes) == [text], "\(deflated) \(zip64)")
                for length in bytes.indices {
                    #expect(throws: FormatError.self) { try content(Array(bytes[..<length])) }
                }
            }
        }
    }

    @Test func `a member is compared with its checksum`() throws {
        #expect(checksum(Array("123456789".utf8)) == 0xCBF4_3926)
        for deflated in [false, true] {
            #expect(throws: FormatError.self) {
                try content(archive([1, 2, 3], deflated: deflated, crc: 7))
            }
        }
    }

    @Test(arguments: ["/a", "../a", "m/../../a"])
    func `a member that leads elsewhere is refused`(name: String) {
        #expect(throws: FormatError.self) { try content(archive([1], name: name)) }
    }

    @Test func `no single changed byte ends the program`() throws {
        let bytes = archive(Array("abc".utf8), deflated: true, zip64: true)
        for index in bytes.indices {
            for bit in 0..<8 {
                var other = bytes
                other[index] ^= 1 << bit
                _ = try? content(other)
            }
        }
    }
}
