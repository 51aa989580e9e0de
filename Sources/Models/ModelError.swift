/// What can be wrong with a model folder.
public enum ModelError: Error, Equatable, Sendable {
    /// A file that the model needs is not there.
    case missingFile(path: String, purpose: String)
    /// A file is there and cannot be read.
    case unreadableFile(path: String, reason: String)
    /// A file's bytes break its format at `offset`.
    case malformedFile(path: String, offset: Int, reason: String)
    /// A pickle asks for something other than data.
    case forbiddenPickle(path: String, offset: Int, global: String)
    /// A configuration lacks a key, or has a value that cannot be meant.
    case invalidConfiguration(path: String, key: String, reason: String)
    /// A configuration asks for something this program does not compute.
    case unsupportedConfiguration(path: String, key: String, value: String)
    /// A model gives a text several vectors.
    case severalVectors(path: String, key: String)
    /// `modules.json` names a module this program does not compute.
    case unsupportedModule(path: String, type: String)
    /// The folder holds another tower than the one asked for.
    case wrongTower(folder: String, expected: String, found: String)
    /// The tensors are those of no known architecture.
    case unknownArchitecture(folder: String, found: String)
    /// A parameter has no tensor.
    case missingTensor(path: String, name: String)
    /// A tensor has another shape than the configuration says.
    case wrongShape(path: String, name: String, expected: [Int], found: [Int])
    /// A parameter is stored in a type that holds no floats.
    case wrongElementType(path: String, name: String, found: String)
    /// A weight is NaN or infinite; `index` counts elements in row-major order.
    case notFinite(path: String, name: String, index: Int)
    /// A weight is too large for a 16-bit float.
    case beyondFloat16(path: String, name: String, index: Int, value: Float)
    /// The tokenizer's files do not make a tokenizer.
    case tokenizer(folder: String, reason: String)
    /// The tokenizer knows other ids than the embedding has rows.
    case vocabularyMismatch(folder: String, vocabulary: Int, embeddingRows: Int)
    /// An option asks for what this model cannot do.
    case unsuitableOption(folder: String, option: String, reason: String, remedy: String)
    /// A file stands for another that git-lfs has not fetched.
    case pointerFile(path: String)
    /// A folder holds weights or a tokenizer of a form that is not read.
    case otherForm(folder: String, holds: String, wanted: String, remedy: String)
    /// A folder is not there, and its name is like those of models on a hub.
    case hubName(String)
    /// The folder that a collection names is not there any more.
    case movedFolder(path: String, tower: Tower)
    /// The weights end in a classifier: the model scores pairs and makes no vectors.
    case crossEncoder(folder: String, name: String)
    /// A tower can encode, and training does not know one of its parts.
    case untrainable(folder: String, part: String)
    /// A file cannot be written.
    case unwritableFile(path: String, reason: String)
}

extension ModelError: CustomStringConvertible {
    /// What happened and what to do about it, in one message.
    public var description: String {
        switch self {
        case .missingFile(let path, let purpose):
            return "\(path) is missing (\(purpose)). Copy it from the model's source into the"
                + " folder."
        case .unreadableFile(let path, let reason):
            return "\(path) cannot be read: \(reason). Check the file and its permissions."
        case .malformedFile(let path, let offset, let reason):
            return "\(path) is damaged at byte \(offset): \(reason). Download or export the file"
                + " again."
        case .forbiddenPickle(let path, let offset, let global):
            return "\(path) asks at byte \(offset) to call \(global), which is not data."
                + " Do not use this file; obtain the weights as model.safetensors."
        case .invalidConfiguration(let path, let key, let reason):
            return "\(path): \(key) \(reason). Correct the value or restore the original file."
        case .unsupportedConfiguration(let path, let key, let value):
            return "\(path): \(key) = \(value) is not supported. Use a BERT model with absolute"
                + " positions and a known activation and pooling."
        case .severalVectors(let path, let key):
            return "\(path): \(key) is true, so the model gives a text several vectors or one of"
                + " several parts, and here a text has one. Train it without \(key)."
        case .unsupportedModule(let path, let type):
            return "\(path) names the module \(type), which is not supported. Use a model made of"
                + " Transformer, Pooling, Dense and Normalize alone."
        case .wrongTower(let folder, let expected, let found):
            return "\(folder) holds \(found), not \(expected). Name the folder of \(expected)."
        case .unknownArchitecture(let folder, let found):
            return "\(folder) holds no model that can encode text (\(found)). Use a BERT sentence"
                + " encoder, a DPR encoder or a RetriBERT model."
        case .missingTensor(let path, let name):
            return "\(path) lacks the tensor \(name). Export the model again with all its weights."
        case .wrongShape(let path, let name, let expected, let found):
            return "\(path): \(name) has the shape \(found), and config.json says \(expected)."
                + " Use weights and config.json of one model."
        case .wrongElementType(let path, let name, let found):
            return "\(path): \(name) is stored as \(found), which holds no weights. Export it as"
                + " F32, F16, BF16 or F64."
        case .notFinite(let path, let name, let index):
            return "\(path): element \(index) of \(name) is not a finite number. Use a checkpoint"
                + " from before training diverged, or let it pass with --allow-nonfinite."
        case .beyondFloat16(let path, let name, let index, let value):
            return "\(path): element \(index) of \(name) is \(value), too large for 16 bits."
                + " Keep this model in 32-bit floats."
        case .tokenizer(let folder, let reason):
            return "The tokenizer in \(folder) cannot be used: \(reason)"
        case .vocabularyMismatch(let folder, let vocabulary, let embeddingRows):
            return "The tokenizer in \(folder) has \(vocabulary) pieces and the embedding"
                + " \(embeddingRows) rows. Use the vocabulary the model was trained with."
        case .unsuitableOption(let folder, let option, let reason, let remedy):
            return "\(folder) cannot be used with \(option): \(reason). \(remedy)."
        case .pointerFile(let path):
            return "\(path) is a pointer of git-lfs, not the file itself. Run `git lfs pull` in the"
                + " model's repository, or fetch it with `sheaf model fetch`."
        case .otherForm(let folder, let holds, let wanted, let remedy):
            return "\(folder) holds \(holds), wanted is \(wanted). \(remedy)."
        case .hubName(let name):
            return "There is no folder \(name) here. If a model on a hub has that name, fetch it"
                + " first: `sheaf model fetch \(name) --hub https://huggingface.co --output DIR`,"
                + " then name DIR."
        case .movedFolder(let path, let tower):
            return "\(path), the folder of the \(tower.rawValue) tower, is not there. Name where it"
                + " is now with --\(tower.rawValue)-model DIR, or set"
                + " $\(ModelSearchPath.variable) to the folders that models lie in."
        case .crossEncoder(let folder, let name):
            return "\(folder) holds a cross-encoder (\(name)), which scores a question with a"
                + " passage and makes no vectors. Name a sentence encoder, a DPR encoder or a"
                + " RetriBERT model."
        case .untrainable(let folder, let part):
            return "\(folder) cannot be trained: \(part) is for encoding alone. Start from a model"
                + " with one pooling of cls, mean or max, and without linear layers behind it."
        case .unwritableFile(let path, let reason):
            return "\(path) cannot be written: \(reason). Check the folder, its permissions and"
                + " the space left."
        }
    }
}
