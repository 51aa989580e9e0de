import Foundation
import VectorIndex

extension FuzzedReader {
    static let indexes = [storedIndex, passages("index_meta.dpr"), passages("passages.pkl")]

    /// The files of others' indexes, which lie beside the goldens.
    private static func retrieval(_ goldens: String) -> String { goldens + "/../retrieval" }

    private static let names = [
        ("hf_bert_base.hnswSQ8_correct_phi_128.c_index.index.dpr", "index.dpr"),
        ("hf_bert_base.hnswSQ8_correct_phi_128.c_index.index_meta.dpr", "index_meta.dpr"),
        ("psgs_w100.tsv.pkl", "passages.pkl"),
    ]

    /// A Faiss file of any kind, which Faiss itself would believe.
    private static let storedIndex = FuzzedReader(
        name: "faiss", file: "index.faiss",
        words: [
            [0xFF, 0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0x7F], [0, 0, 0, 0], [1, 0, 0, 0],
            [8, 0, 0, 0, 0, 0, 0, 0], [40, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0x40],
            [0, 0, 0x80, 0x7F], [0, 0, 0xC0, 0xFF],
        ]
            + words(
                "IxFI", "IxF2", "IxFl", "IxSQ", "IxPq", "IHNf", "IHNs", "IwFl", "IwSq", "IwPQ",
                "IxPT", "ilar", "full", "sprs", "rrot", "LTra"),
        seeds: { goldens in
            files(retrieval(goldens), [".faiss"], limit: 8192)
                + files(retrieval(goldens) + "/legacy", [".index.dpr"], limit: 8192)
        },
        read: { folder in
            do throws(IndexError) {
                let index = try StoredIndex(path: folder + "/index.faiss")
                let question = [Float](repeating: 0.5, count: index.dimension)
                for row in try index.search(question, k: 5) where index.givesVectors {
                    _ = try index.vector(row)
                }
                return true
            } catch {
                return error.description.isEmpty
            }
        })

    /// One of the pickles beside DPR's index.
    private static func passages(_ file: String) -> FuzzedReader {
        FuzzedReader(
            name: file, file: file,
            words: [
                [0x80, 0x02], [0x80, 0x05], [0x28], [0x29], [0x2E], [0x75], [0x65], [0x5D], [0x7D],
                [0x85], [0x86], [0x87], [0x94], [0x95], [0x8A, 0x08], [0x8C, 0x04], [0x58],
                [0x71, 0x00], [0x68, 0x00], [0x6A], [0x72], [0x4A], [0x4B, 0x01], [0x4D], [0x52],
            ] + words("cos\nsystem\n"),
            prepare: { goldens, folder in
                for (source, name) in names {
                    try FileManager.default.copyItem(
                        atPath: "\(retrieval(goldens))/legacy/\(source)",
                        toPath: "\(folder)/\(name)")
                }
            },
            seeds: { goldens in
                try names.dropFirst().map {
                    try bytes("\(retrieval(goldens))/legacy/\($0.0)")
                }
            },
            read: { folder in
                do throws(IndexError) {
                    let passages = try LegacyPassages(
                        index: folder + "/index.dpr", ids: folder + "/index_meta.dpr",
                        passages: folder + "/passages.pkl")
                    _ = try passages.search(
                        [Float](repeating: 0.5, count: passages.dimension), k: 3)
                    return true
                } catch {
                    return error.description.isEmpty
                }
            })
    }
}
