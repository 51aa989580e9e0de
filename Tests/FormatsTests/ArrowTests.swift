import Base
import Foundation
import TestSupport
import Testing

@testable import Formats

/// Arrow streams and saved data sets, made by pyarrow and by the plain writer of these tests.
struct ArrowTests {
    private static func fixture(_ name: String) -> String {
        TestFiles.fixtures + "/arrow/" + name
    }

    private func open(_ bytes: [UInt8]) throws -> ArrowFile {
        let folder = try TemporaryFolder()
        try folder.write("x.arrow", Data(bytes))
        return try ArrowFile(MappedFile(folder.path + "/x.arrow"))
    }

    private func failure(_ body: () throws -> Void) -> SavedDatasetError? {
        do {
            try body()
            return nil
        } catch {
            return error as? SavedDatasetError
        }
    }

    @Test func `a saved data set has the rows of all its files`() throws {
        let dataset = try SavedDataset(folder: Self.fixture("saved"))
        #expect(dataset.rows == 7)
        #expect(dataset.columns == ["id", "title", "tags", "text", "embeddings"])
        let title = try dataset.texts("title")
        let text = try dataset.texts("text")
        let vectors = try dataset.vectors("embeddings")
        let titles = ["Aaron", "", "Zoë", nil, "中文", "a\tb\n", "Seven"]
        let texts = ["a prophet", "nothing", "na\u{308}ive 😀", "four", "五", nil, "the last"]
        let expected: [[Float]?] = [
            [0.5, -1, 2], [], [1e-8, 3e38], nil, [4], [5.5, 0], [-0.0],
        ]
        for row in 0..<7 {
            #expect(try dataset.text(title, row: row) == titles[row])
            #expect(try dataset.text(text, row: row) == texts[row])
            let count = try dataset.withText(text, row: row) { $0?.count }
            #expect(count == texts[row]?.utf8.count)
            var vector: [Float] = [7]
            let isThere = try dataset.appendVector(vectors, row: row, to: &vector)
            #expect(isThere == (expected[row] != nil))
            #expect(
                vector.dropFirst().map(\.bitPattern) == (expected[row] ?? []).map(\.bitPattern))
        }
        try dataset.check()
    }

    @Test func `large texts, lists of one length, and other floats are read`() throws {
        let dataset = try SavedDataset(folder: Self.fixture("large"))
        #expect(dataset.rows == 7)
        #expect(try dataset.text(dataset.texts("title"), row: 4) == "中文")
        let half = try dataset.vectors("half")
        let double = try dataset.vectors("double")
        for row in 0..<7 {
            var vector: [Float] = []
            #expect(try dataset.appendVector(half, row: row, to: &vector))
            #expect(vector == [Float(row), Float(row) / 2])
            vector = []
            #expect(try dataset.appendVector(double, row: row, to: &vector))
            #expect(vector == [Float](repeating: Float(row), count: row))
        }
    }

    @Test(arguments: [
        ("lz4.arrow", "compressed with LZ4"), ("zstd.arrow", "compressed with ZSTD"),
        ("footer.arrow", "the form with a footer"),
    ])
    func `forms that are not read are named`(_ name: String, _ reason: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "data.arrow", try Data(contentsOf: URL(fileURLWithPath: Self.fixture(name))))
        try folder.write("state.json", #"{"_data_files": [{"filename": "data.arrow"}]}"#)
        let error = failure { _ = try SavedDataset(folder: folder.path) }
        guard case .malformed(_, _, let found)? = error else {
            Issue.record("\(name) was taken: \(error?.description ?? "no error")")
            return
        }
        #expect(found.contains(reason))
        #expect(error?.description.hasSuffix("without compression.") == true)
    }

    @Test(arguments: [("dictionary.arrow", "a dictionary"), ("view.arrow", "utf8 view")])
    func `columns of other kinds are named when they are asked for`(
        _ name: String, _ kind: String
    ) throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "data.arrow", try Data(contentsOf: URL(fileURLWithPath: Self.fixture(name))))
        try folder.write("state.json", #"{"_data_files": [{"filename": "data.arrow"}]}"#)
        let dataset = try SavedDataset(folder: folder.path)
        #expect(
            failure { _ = try dataset.texts("text") }
                == .columnType(folder: folder.path, name: "text", type: kind, wanted: "utf8"))
        let saved = try SavedDataset(folder: Self.fixture("saved"))
        #expect(
            failure { _ = try saved.texts("id") }
                == .columnType(
                    folder: saved.folder, name: "id", type: "int64", wanted: "utf8"))
        guard case .missingColumn? = failure({ _ = try saved.vectors("vectors") }) else {
            Issue.record("a column that is not there was found")
            return
        }
    }

    @Test func `what state dot json says is checked`() throws {
        let folder = try TemporaryFolder()
        func open(_ state: String) throws -> SavedDatasetError? {
            try folder.write("state.json", state)
            return failure { _ = try SavedDataset(folder: folder.path) }
        }
        #expect(
            failure { _ = try SavedDataset(folder: folder.path) }
                == .missingState(folder: folder.path))
        try folder.write("dataset_dict.json", #"{"splits": ["train"]}"#)
        #expect(
            failure { _ = try SavedDataset(folder: folder.path) }
                == .severalSplits(folder: folder.path))
        for state in [
            "", "{}", #"{"_data_files": []}"#, #"{"_data_files": [{"filename": "../x"}]}"#,
            #"{"_data_files": [{"filename": ".."}]}"#, #"{"_data_files": ["x"]}"#,
        ] {
            guard case .malformedState? = try open(state) else {
                Issue.record("\(state) was taken")
                continue
            }
        }
        guard case .unreadable? = try open(#"{"_data_files": [{"filename": "x"}]}"#) else {
            Issue.record("a file that is not there was read")
            return
        }
        guard
            case .rearranged? = try open(
                #"{"_data_files": [{"filename": "x"}], "_indices_data_files": [{"filename": "i"}]}"#
            )
        else {
            Issue.record("another order of rows was left out of account")
            return
        }
    }

    @Test(arguments: 0..<24)
    func `what was written is what is read`(_ seed: Int) throws {
        var dice = Dice(seed: UInt64(seed))
        let lengths: [ArrowLists] = [
            .offsets(isLarge: false), .offsets(isLarge: true), .fixed(dice.below(4)),
        ]
        let lists = lengths[seed % 3]
        let type = [ArrowFloat.half, .single, .double][seed / 3 % 3]
        var texts: [[String?]] = []
        var vectors: [[[Float]?]] = []
        for _ in 0...dice.below(4) {
            var column: [String?] = []
            var list: [[Float]?] = []
            for _ in 0..<dice.below(40) {
                let length = dice.below(9)
                let text = String(
                    (0..<length).map { _ in "aé中😀 ".randomElement(using: &dice) ?? "a" })
                column.append(dice.below(6) == 0 && seed % 2 == 0 ? nil : text)
                var count = dice.below(5)
                if case .fixed(let length) = lists { count = length }
                let vector = (0..<count).map { _ in Float(dice.below(2000) - 1000) / 8 }
                list.append(dice.below(6) == 0 && seed % 2 == 0 ? nil : vector)
            }
            texts.append(column)
            vectors.append(list)
        }
        let writer = ArrowWriter(
            ["n", "v", "t"],
            zip(texts, vectors).map { texts, vectors in
                [
                    .integers(texts.indices.map(Int64.init)), .vectors(vectors, lists, type),
                    .texts(texts, isLarge: seed % 4 < 2),
                ]
            }, marks: seed % 5 != 0)
        let file = try open(writer.bytes)
        let allTexts = texts.flatMap { $0 }
        let allVectors = vectors.flatMap { $0 }
        #expect(file.rows == allTexts.count)
        #expect(file.column("t") == 2)
        for row in 0..<file.rows {
            #expect(try file.text(2, row: row) == allTexts[row])
            var vector: [Float] = []
            #expect(
                try file.appendVector(1, row: row, to: &vector) == (allVectors[row] != nil))
            #expect(vector == allVectors[row] ?? [])
        }
    }

    @Test func `a file that is cut off or damaged is refused with a place in it, or read`() throws {
        let names = ["saved/data-00000-of-00002.arrow", "large/dataset.arrow"]
        var refused = 0
        var dice = Dice(seed: 5)
        for name in names {
            let whole = Array(try Data(contentsOf: URL(fileURLWithPath: Self.fixture(name))))
            for round in 0..<700 {
                var bytes = whole
                if round < 200 {
                    bytes.removeSubrange(dice.below(bytes.count)...)
                } else {
                    for _ in 0...dice.below(3) {
                        bytes[dice.below(bytes.count)] = UInt8(truncatingIfNeeded: dice.next())
                    }
                }
                do {
                    let file = try open(bytes)
                    for (number, column) in file.columns.enumerated() {
                        for row in 0..<min(file.rows, 20) {
                            var vector: [Float] = []
                            switch column.kind {
                            case .text: _ = try file.text(number, row: row)
                            case .vectors:
                                _ = try file.appendVector(number, row: row, to: &vector)
                            case .other: break
                            }
                        }
                    }
                } catch let error as FormatError {
                    refused += 1
                    #expect(error.offset >= 0 && error.offset <= bytes.count)
                }
            }
        }
        #expect(refused > 500)
    }

    @Test func `parts of columns that are the same again and again are refused`() {
        // Each level holds the one below three times: half a million parts in few bytes.
        var field: [Int: ArrowWriter.Value] = [0: .string("x"), 2: .bytes([6]), 3: .table([:])]
        for _ in 0..<12 {
            field = [
                0: .string("x"), 2: .bytes([13]), 3: .table([:]), 5: .repeated(field, count: 3),
            ]
        }
        let bytes = ArrowWriter(field: field).bytes
        do {
            _ = try open(bytes)
            Issue.record("the columns were taken")
        } catch {
            #expect((error as? FormatError)?.reason == "its columns have too many parts")
        }
    }
}
