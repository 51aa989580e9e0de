import Foundation
import TestSupport
import Testing

@testable import Corpus

struct GzipTests {
    let folder = try? TemporaryFolder()
    private let text = Array("1\ta\tb\n2\tc\td\n".utf8)

    private func ids(_ bytes: [UInt8]) throws -> [String] {
        let path = try #require(folder).write("a.tsv.gz", bytes)
        return try passages([path], format: .psgs).map(\.id)
    }

    @Test func `members follow each other, and zeros may pad the end`() throws {
        let more = gzip(Array("3\te\tf\n".utf8))
        #expect(try ids(gzip(text) + more) == ["1", "2", "3"])
        #expect(try ids(gzip([]) + gzip(text) + gzip([]) + more) == ["1", "2", "3"])
        #expect(try ids(gzip(text) + Array(repeating: 0, count: 1000)) == ["1", "2"])
    }

    @Test func `large members are read through small windows`() throws {
        var lines: [UInt8] = []
        for row in 0..<60_000 { lines += Array("\(row)\ttext of row \(row)\ttitle\n".utf8) }
        #expect(try ids(gzip(lines)).count == 60_000)
    }

    @Test func `a file cut off anywhere is an error`() throws {
        let whole = gzip(text)
        let path = try #require(folder).write("a.gz", "")
        for length in 2..<whole.count {
            try Data(whole[..<length]).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: CorpusError.self) {
                try passages([path], format: .psgs)
            }
            guard case .corruptGzip(path, _, "the file is cut off") = error else {
                Issue.record("\(length): \(String(describing: error))")
                continue
            }
        }
    }

    @Test func `a flipped bit or trailing bytes are an error`() throws {
        let whole = gzip(text)
        for at in [2, 12, 20, whole.count - 8, whole.count - 1] {
            var bytes = whole
            bytes[at] ^= 0x40
            #expect(throws: CorpusError.self, "byte \(at)") { try ids(bytes) }
        }
        #expect(throws: CorpusError.self) { try ids(whole + [1, 2, 3]) }
        #expect(throws: CorpusError.self) { try ids(whole + [0, 0, 3]) }
    }

    @Test func `a damaged file stops reading even where records are skipped`() throws {
        let whole = gzip(text)
        let path = try #require(folder).write("a.gz", Array(whole[..<(whole.count - 9)]))
        #expect(throws: CorpusError.self) {
            try passages([path], format: .psgs, skipMalformed: true)
        }
    }
}
