public import ClusterRuntime
import Models

extension ModelPlaces {
    /// Takes the folders of towers, or of both, as a user names them; nil: not named.
    ///
    /// - Throws: where one is not there.
    public init(questionFolder: String?, contextFolder: String?) throws(SheafError) {
        self.init()
        try typed {
            if let questionFolder {
                question = absolutePath(
                    try ModelFolders.place(of: .question, in: questionFolder))
            }
            if let contextFolder {
                context = absolutePath(try ModelFolders.place(of: .context, in: contextFolder))
            }
        }
    }
}
