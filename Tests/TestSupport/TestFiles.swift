import Foundation

/// Where tests find what they read.
package enum TestFiles {
    /// The root of the repository.
    package static let repository = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    package static let fixtures = repository + "/Tests/Fixtures"

    /// Corpora and question sets, where there are some.
    package static let data = environment["SHEAF_TEST_DATA"]
    /// The folder of all-MiniLM-L6-v2, where there is one.
    package static let miniLM = environment["SHEAF_MINILM"]

    fileprivate static let environment = ProcessInfo.processInfo.environment
}

/// The golden numbers: those that SHEAF_GOLDENS names, else the subset in the repository.
package enum Goldens {
    /// The subset in the repository.
    package static let subset = TestFiles.fixtures + "/goldens"

    package static let folder = TestFiles.environment["SHEAF_GOLDENS"] ?? subset

    package static func path(_ name: String) -> String { folder + "/" + name }

    package static func has(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: path(name))
    }

    package static func hasCase(_ name: String) -> Bool { has("cases/\(name).safetensors") }

    /// Files of a folder that end in `suffix`, by name.
    package static func files(_ name: String, suffix: String) -> [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: path(name))) ?? []
        return all.filter { $0.hasSuffix(suffix) }.sorted()
    }

    /// Copies a tiny model, with the tokenizer that the tiny models share, to `folder`.
    package static func copyModel(
        _ name: String, to folder: String, from goldens: String = Goldens.folder
    ) throws {
        for part in [name, "wordpiece"] { try copyFiles("\(goldens)/models/\(part)", to: folder) }
    }

    /// Copies the word-piece tokenizer that the tiny models share to `folder`.
    package static func copyTokenizer(to folder: String) throws {
        try copyFiles(path("models/wordpiece"), to: folder)
    }

    /// Copies contents alone, so that what is copied can be written to.
    private static func copyFiles(_ source: String, to folder: String) throws {
        let files = FileManager.default
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for file in try files.contentsOfDirectory(atPath: source) {
            try Data(contentsOf: URL(fileURLWithPath: "\(source)/\(file)"))
                .write(to: URL(fileURLWithPath: "\(folder)/\(file)"))
        }
    }

    /// Makes `folder` a model of both towers of the tiny DPR.
    package static func copyTowers(
        to folder: String, from goldens: String = Goldens.folder
    ) throws {
        try copyModel("dpr_question", to: folder + "/question_encoder", from: goldens)
        try copyModel("dpr_ctx", to: folder + "/context_encoder", from: goldens)
    }
}
