import Foundation

/// The folders of a collection's two towers.
public struct ModelFolders: Equatable, Sendable {
    /// Folder of the question tower, nil where there is none.
    public var question: String?
    /// Folder of the context tower, nil where there is none.
    public var context: String?

    /// Names folders that are known already.
    public init(question: String? = nil, context: String? = nil) {
        self.question = question
        self.context = context
    }

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

    /// What a load of these folders would assume of the pooling, each once.
    ///
    /// Opens the files and computes nothing.
    public func assumptions(_ options: EncoderOptions) throws(ModelError) -> [String] {
        var texts: [String] = []
        for (folder, tower) in [(question, Tower.question), (context, .context)] {
            guard let folder,
                let text = try TextEncoder.assumption(
                    folder: folder, tower: tower, options: options)
            else { continue }
            if !texts.contains(text) { texts.append(text) }
        }
        return texts
    }

    /// The folders that hold one model each: those of the two towers, or `folder` itself.
    public static func parts(of folder: String) throws(ModelError) -> [String] {
        let folder = try existing(folder)
        let towers = [inside(folder, questionNames), inside(folder, contextNames)]
            .compactMap { $0 }
        return towers.isEmpty ? [folder] : towers
    }

    /// Where a tower lies whose folder is named, or a folder that holds it beside the other.
    public static func place(of tower: Tower, in folder: String) throws(ModelError) -> String {
        let folder = try existing(folder)
        return inside(folder, tower == .question ? questionNames : contextNames) ?? folder
    }

    /// What the folder of a tower may be called.
    private static let questionNames = ["question_encoder", "query_encoder"]
    private static let contextNames = ["context_encoder"]

    private static func inside(_ folder: String, _ names: [String]) -> String? {
        names.map { folder + "/" + $0 }.first(where: isFolder)
    }

    private static func towers(in model: String) throws(ModelError) -> ModelFolders {
        var folders = ModelFolders()
        let model = try existing(model)
        folders.question = inside(model, questionNames)
        folders.context = inside(model, contextNames)
        if folders.question != nil || folders.context != nil { return folders }
        let towers = try TextEncoder.towers(inFolder: model)
        return ModelFolders(
            question: towers.contains(.question) ? model : nil,
            context: towers.contains(.context) ? model : nil)
    }

    /// The folder that `folder` is, or has under `$SHEAF_MODELS`.
    ///
    /// - Throws: `ModelError.missingFile`, or `hubName` where it looks like a name on a hub.
    public static func existing(_ folder: String) throws(ModelError) -> String {
        guard let found = ModelSearchPath.find(folder) else {
            let files = FileManager.default
            // A hub's names have an owner or none, and no dots or slashes at their ends.
            let parts = folder.split(separator: "/", omittingEmptySubsequences: false)
            let isName =
                (1...2).contains(parts.count) && !folder.hasPrefix(".")
                && parts.allSatisfy { !$0.isEmpty } && !files.fileExists(atPath: folder)
                && !isFolder(String(parts[0]))
            if isName { throw .hubName(folder) }
            throw .missingFile(path: folder, purpose: "the model's folder")
        }
        guard isFolder(found) else {
            throw .unreadableFile(
                path: found, reason: "it is a file, and the folder of a model is wanted")
        }
        return found
    }

    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            && isFolder.boolValue
    }
}
