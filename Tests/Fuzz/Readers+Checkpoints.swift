import Corpus
import Foundation
import Models
import Tensors
import VectorIndex

extension FuzzedReader {
    static let checkpoints = [safetensors, pickle, shardList, configuration, segment]

    /// Reads a file of weights: whether it was accepted.
    private static func readAll(_ path: String) -> Bool {
        do throws(ModelError) {
            let checkpoint = try Checkpoint.open(file: path)
            try checkpoint.verifyChecksums()
            // Strides of 0 describe many elements in few bytes.
            for (name, tensor) in checkpoint.tensors
            where tensor.count < 1 << 16 && tensor.type.isFloat {
                _ = try checkpoint.floats(name, shape: tensor.shape)
            }
            return true
        } catch {
            return error.description.isEmpty
        }
    }

    private static let safetensorsWords = words(
        "{", "}", "[", "]", ":", ",", "\"", "\"dtype\":\"F32\"", "\"shape\":[", "\"F16\"",
        "\"data_offsets\":[0,", "\"__metadata__\":{", "18446744073709551615", "-1", "1e9",
        "\\u0000", "\\ud800", "null", " ")

    private static let safetensors = FuzzedReader(
        name: "safetensors", file: "model.safetensors", words: safetensorsWords,
        seeds: { goldens in
            files(goldens + "/formats", [".safetensors"], limit: 8192)
                + files(goldens + "/formats/bad", [".safetensors"], limit: 8192)
        },
        read: { readAll($0 + "/model.safetensors") })

    private static let pickle = FuzzedReader(
        name: "pickle", file: "pytorch_model.bin",
        words: [
            [0x80, 0x02], [0x80, 0x05], [0x28], [0x29], [0x2E], [0x52], [0x51], [0x62], [0x75],
            [0x85], [0x86], [0x87], [0x94], [0x95], [0x93], [0x8A, 0x08], [0x8C, 0x04], [0x58],
            [0x71, 0x00], [0x68, 0x00], [0x4A], [0x4B], [0x4D], [0x50, 0x4B, 0x03, 0x04],
            [0x50, 0x4B, 0x01, 0x02], [0x50, 0x4B, 0x05, 0x06],
        ]
            + words(
                "ctorch._utils\n_rebuild_tensor_v2\n", "ctorch\nFloatStorage\n",
                "ccollections\nOrderedDict\n", "cos\nsystem\n", "storage"),
        seeds: { goldens in
            files(goldens + "/formats", [".bin"], limit: 8192)
                + files(goldens + "/formats/bad", [".bin"], limit: 8192)
        },
        read: { readAll($0 + "/pytorch_model.bin") })

    /// A small model in the folder; what is damaged replaces one of its files.
    private static func putModel(_ goldens: String, _ folder: String) throws {
        let model = goldens + "/models/st_dense_identity"
        for name in try FileManager.default.contentsOfDirectory(atPath: model) {
            try FileManager.default.copyItem(
                atPath: "\(model)/\(name)", toPath: "\(folder)/\(name)")
        }
    }

    /// Looks through a model's folder: whether it was accepted.
    private static func inspect(_ folder: String) -> Bool {
        do throws(ModelError) {
            _ = try ModelInspection.inspect(folder: folder)
            return true
        } catch {
            return error.description.isEmpty
        }
    }

    /// The list of the files that a model's weights are parted over.
    private static let shardList = FuzzedReader(
        name: "index.json", file: "model.safetensors.index.json",
        words: jsonWords
            + words("\"weight_map\":{", "\"a.safetensors\"", "\"../x\"", "\"/\"", "\".\""),
        prepare: { goldens, folder in
            try putModel(goldens, folder)
            try FileManager.default.moveItem(
                atPath: folder + "/model.safetensors", toPath: folder + "/a.safetensors")
        },
        seeds: { _ in
            texts(
                "{\"metadata\":{\"total_size\":29000},\"weight_map\":{\"pooler.dense.bias\":"
                    + "\"a.safetensors\",\"embeddings.LayerNorm.bias\":\"a.safetensors\"}}",
                "{\"weight_map\":{}}", "{\"weight_map\":{\"x\":\"b.safetensors\"}}")
        },
        read: inspect)

    /// The sizes of a model, which are multiplied and compared with its tensors.
    private static let configuration = FuzzedReader(
        name: "config.json", file: "config.json",
        words: jsonWords
            + words(
                "\"hidden_size\":", "\"num_attention_heads\":", "\"num_hidden_layers\":",
                "\"intermediate_size\":", "\"vocab_size\":", "\"type_vocab_size\":",
                "\"max_position_embeddings\":", "\"layer_norm_eps\":", "\"model_type\":\"bert\"",
                "\"projection_dim\":", "\"hidden_act\":\"gelu\"", "4611686018427387904"),
        prepare: putModel,
        seeds: { goldens in
            try ["st_dense_identity", "dpr_ctx", "dpr_reader", "retribert_shared"].map {
                try bytes("\(goldens)/models/\($0)/config.json")
            }
        },
        read: inspect)

    /// A segment of a collection, whose header says where all of it lies.
    private static let segment = FuzzedReader(
        name: "segment", file: "segment.safetensors",
        words: safetensorsWords
            + words(
                "\"U64\"", "\"U8\"", "\"vectors\"", "\"ordinals\"", "\"ids_offsets\"", "\"batch\""),
        seeds: { _ in try segments() },
        read: { folder in
            do throws(IndexError) {
                let path = folder + "/segment.safetensors"
                let segment = try Segment.open(path: path, expecting: nil)
                for row in 0..<segment.rows { _ = try segment.passage(row) }
                return true
            } catch {
                return error.description.isEmpty
            }
        })

    private static func segments() throws -> [[UInt8]] {
        let folder = NSTemporaryDirectory() + "sheaf-fuzz-segments-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try [(1, VectorPrecision.float32), (3, .float16), (7, .float32)].map {
            rows, precision in
            let content = SegmentContent(
                firstOrdinal: Ordinal(UInt64(rows) << 20), dimension: 4,
                vectors: (0..<4 * rows).map { Float($0) / 8 },
                passages: (0..<rows).map {
                    Passage(id: "\($0)", title: $0 == 1 ? "" : "t", text: "text \u{E4} \($0)")
                },
                sourceDigest: String(repeating: "a", count: 64), batch: rows,
                fingerprint: String(repeating: "b", count: 64), precision: precision)
            return try bytes(try Segment.write(content, folder: folder).path)
        }
    }
}
