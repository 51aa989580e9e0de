import Foundation

/// Where models are looked for beside the place that names them: the folders of `$SHEAF_MODELS`,
/// parted by colons.
///
///     SHEAF_MODELS=/srv/models:/home/me/models sheaf search … # finds /srv/models/minilm
public enum ModelSearchPath {
    /// The variable of the environment.
    public static let variable = "SHEAF_MODELS"

    /// The folders, in the order in which they are looked through.
    public static var folders: [String] {
        let value = ProcessInfo.processInfo.environment[variable] ?? ""
        return value.split(separator: ":").map(String.init)
    }

    /// The folder that `name` is, or has under the search path; nil where there is none.
    static func find(_ name: String) -> String? {
        if ModelFolders.isFolder(name) { return name }
        guard !name.hasPrefix("/") else { return nil }
        return folders.map { $0 + "/" + name }.first(where: ModelFolders.isFolder)
    }

    /// Where a model that lay at `path` may lie now: under each folder of the search path, by the
    /// last names of its path, the longest first.
    public static func candidates(for path: String) -> [String] {
        let parts = path.split(separator: "/")
        return folders.flatMap { folder in
            // A tower’s own folder has a name that many models share.
            [2, 1].filter { $0 <= parts.count }
                .map { folder + "/" + parts.suffix($0).joined(separator: "/") }
        }.filter(ModelFolders.isFolder)
    }
}
