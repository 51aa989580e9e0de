/// What tells one encoder from another, found without its weights in memory.
public struct EncoderIdentity: Equatable, Sendable {
    /// See `TextEncoder.fingerprint(folder:tower:options:expecting:)`.
    public var fingerprint: String
    /// The options that give the same vectors, whatever the folder comes to say.
    public var resolved: EncoderOptions
    /// What is assumed of the pooling since nothing says it; nil where nothing is.
    public var assumption: String?

    /// Reads the files of `folder`.
    ///
    /// - Parameters: as of `TextEncoder.load(folder:tower:options:expecting:)`.
    public init(
        folder: String, tower: Tower, options: EncoderOptions = EncoderOptions(),
        expecting expected: String? = nil
    ) throws(ModelError) {
        let opened = try OpenedModel.expecting(
            expected, folder: folder, tower: tower, options: options)
        fingerprint = try opened.fingerprint()
        resolved = opened.description.resolved
        assumption = opened.description.assumption
    }
}

extension TextEncoder {
    /// Loads the encoder with a fingerprint from the first of some folders that has it.
    ///
    /// Where none has it, the encoder of the first folder that is there: compare its fingerprint.
    ///
    /// - Throws: `ModelError.movedFolder` where no folder is there; else what is wrong with the
    ///   first one.
    public static func load(
        anyOf folders: [String], tower: Tower, options: EncoderOptions, fingerprint: String
    ) throws(ModelError) -> (encoder: TextEncoder, folder: String) {
        let here = folders.filter(ModelFolders.isFolder)
        guard !here.isEmpty else {
            throw .movedFolder(path: folders.first ?? "", tower: tower)
        }
        var other: (encoder: TextEncoder, folder: String)?
        var failure: ModelError?
        for folder in here {
            do throws(ModelError) {
                let encoder = try load(
                    folder: folder, tower: tower, options: options, expecting: fingerprint)
                if encoder.fingerprint == fingerprint { return (encoder, folder) }
                other = other ?? (encoder, folder)
            } catch {
                failure = failure ?? error
            }
        }
        if let other { return other }
        throw failure ?? .movedFolder(path: here[0], tower: tower)
    }
}
