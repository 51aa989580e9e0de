import Tensors

/// What a pickle may build: data and nothing else.
///
/// Containers are indices into the reader's arenas. So values are small, sharing and cycles cost
/// nothing, and no chain of references is ever freed recursively.
enum PickleValue: Equatable {
    case none
    case bool(Bool)
    case integer(Int)
    /// An integer beyond 64 bits, as little-endian bytes.
    case longInteger([UInt8])
    case float(Double)
    case string(String)
    case bytes([UInt8])
    case tuple(Int)
    case list(Int)
    case dictionary(Int)
    case global(PickleGlobal)
    case storage(Int)
    case tensor(Int)
}

/// The only globals a pickle may name; each stands for a rule of this reader, not for code.
enum PickleGlobal: Equatable {
    /// `collections.OrderedDict`: a dictionary.
    case orderedDictionary
    /// `torch.FloatStorage` and its like: the element type of a storage.
    case storageType(ElementType)
    /// `torch._utils._rebuild_tensor` and `_rebuild_tensor_v2`: a view of a storage.
    case tensor
    /// `torch._utils._rebuild_parameter`: its first argument.
    case parameter
    /// `torch.Size`: a tuple of sizes.
    case size
    /// `dpr.utils.model_utils.CheckpointState`: a dictionary of its fields.
    case checkpointState

    /// The fields of DPR's named tuple, in order.
    static let checkpointFields = [
        "model_dict", "optimizer_dict", "scheduler_dict", "offset", "epoch", "encoder_params",
    ]

    init?(module: String, name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDictionary
        case ("torch._utils", "_rebuild_tensor"), ("torch._utils", "_rebuild_tensor_v2"):
            self = .tensor
        case ("torch._utils", "_rebuild_parameter"): self = .parameter
        case ("torch", "Size"): self = .size
        case ("dpr.utils.model_utils", "CheckpointState"): self = .checkpointState
        case ("torch", let name):
            guard let type = Self.storageTypes[name] else { return nil }
            self = .storageType(type)
        default: return nil
        }
    }

    private static let storageTypes: [String: ElementType] = [
        "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16,
        "BFloat16Storage": .bfloat16, "LongStorage": .int64, "IntStorage": .int32,
        "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8,
        "BoolStorage": .bool,
    ]
}

/// A run of elements that tensors are views of.
struct PickleStorage: Equatable {
    var type: ElementType
    /// The name under which the file holds the elements.
    var key: String
    /// Elements of the whole storage.
    var count: Int
    /// First element of this view and its length; the whole storage in all but old files.
    var view: Range<Int>
}

/// A strided view of a storage.
struct PickleTensor: Equatable {
    var storage: Int
    var offset: Int
    var shape: [Int]
    var strides: [Int]
}
