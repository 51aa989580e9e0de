import Foundation

/// The folders of a collection's two towers.
public struct ModelFolders: Equatable, Sendable {
    /// Folder of the question tower, nil where there is none.
    public var question: String?
    /// Folder of the context tower, nil where there is none.
    public var context: String?

    /// Finds the towers that options name.
    ///
    /// `question` and `context` name one tower each and win. `model` is a folder with
    /// `question_encoder/` (or `query_encoder/`) and `context_encoder/`, of which one may be
    /// missing, or one model: for both towers if it is a sentence encoder or RetriBERT, for the
    /// tower it holds if it is a DPR encoder.
    ///
    /// Throws: `ModelError` where a named folder is not there or holds no encoder.
    public static func resolve(
        model: String? = nil, question: String? = nil, context: String? = nil
    ) throws(ModelError) -> ModelFolders {
        var folders = ModelFolders()
        if let model { folders = try towers(in: model) }
        if let question { folders.question = try existing(question) }
        if let context { folders.context = try existing(context) }
        return folders
    }

    private static func towers(in model: String) throws(ModelError) -> ModelFolders {
        var folders = ModelFolders()
        _ = try existing(model)
        let inside = { (names: [String]) in
            names.map { model + "/" + $0 }.first(where: isFolder)
        }
        folders.question = inside(["question_encoder", "query_encoder"])
        folders.context = inside(["context_encoder"])
        if folders.question != nil || folders.context != nil { return folders }
        let towers = try TextEncoder.towers(inFolder: model)
        return ModelFolders(
            question: towers.contains(.question) ? model : nil,
            context: towers.contains(.context) ? model : nil)
    }

    private static func existing(_ folder: String) throws(ModelError) -> String {
        guard isFolder(folder) else {
            throw .missingFile(path: folder, purpose: "the model's folder")
        }
        return folder
    }

    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            && isFolder.boolValue
    }
}
