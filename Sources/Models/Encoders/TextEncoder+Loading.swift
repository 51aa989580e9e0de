import Base
import Tensors
import Tokenizers

extension TextEncoder {
    /// Loads one tower of the model in `folder`.
    ///
    /// Weights are mapped and packed for the kernels; the embedding tables stay in the file where
    /// they are stored as 32-bit floats. A folder that holds a plain BERT and does not say how it
    /// is pooled is taken as a sentence encoder with `options.assumedPooling` and no
    /// normalisation; `report.assumption` says so.
    ///
    /// - Parameters:
    ///   - folder: A Hugging Face model folder.
    ///   - tower: The side to load; a folder that holds only the other one is refused.
    ///   - options: What else decides the vectors.
    ///   - expected: The fingerprint that a collection knows the encoder by. Where the folder has
    ///     it by the rules of an earlier release, those hold; nothing else is promised.
    /// - Throws: `ModelError` naming the file and what to do.
    public static func load(
        folder: String, tower: Tower, options: EncoderOptions = EncoderOptions(),
        expecting expected: String? = nil
    ) throws(ModelError) -> TextEncoder {
        try load(
            folder: folder, tower: tower, options: options, expecting: expected, kernels: .best)
    }

    /// Loads with given kernels, so that tests can compare instruction sets.
    static func load(
        folder: String, tower: Tower, options: EncoderOptions = EncoderOptions(),
        expecting expected: String? = nil, kernels: EncoderKernels
    ) throws(ModelError) -> TextEncoder {
        let opened = try OpenedModel.expecting(
            expected, folder: folder, tower: tower, options: options)
        // Hashing reads the same pages as packing does, so the two run side by side.
        var fingerprint = Result<String, ModelError>.success("")
        var backend: Result<ProcessorBackend, ModelError>?
        Threads.run(count: 2) { worker in
            if worker == 0 {
                backend = Result { () throws(ModelError) in
                    try ProcessorBackend(opened, kernels: kernels)
                }
            } else {
                fingerprint = Result { () throws(ModelError) in
                    try opened.checkpoint.verifyChecksums()
                    return try opened.fingerprint()
                }
            }
        }
        guard let backend else { preconditionFailure("worker 0 always runs") }
        return TextEncoder(opened, try backend.get(), fingerprint: try fingerprint.get())
    }

    /// The fingerprint `load` would give, without packing the weights.
    ///
    /// SHA-256 (hex) over the settings (family, tower, pooling, normalisation, maximum length,
    /// segment ids, prefixes, precision) and the bytes of `config.json`, the tokenizer's files and
    /// the weights. Reads each file once, through the page cache.
    public static func fingerprint(
        folder: String, tower: Tower, options: EncoderOptions = EncoderOptions(),
        expecting expected: String? = nil
    ) throws(ModelError) -> String {
        let opened = try OpenedModel.expecting(
            expected, folder: folder, tower: tower, options: options)
        return try opened.fingerprint()
    }

    /// What a load of `folder` would assume of the pooling; nil where nothing is assumed.
    ///
    /// Opens the files and computes nothing.
    public static func assumption(
        folder: String, tower: Tower, options: EncoderOptions = EncoderOptions()
    ) throws(ModelError) -> String? {
        try OpenedModel(folder: folder, tower: tower, options: options).description.assumption
    }

    /// The towers that `folder` holds: both for sentence encoders and RetriBERT.
    public static func towers(inFolder folder: String) throws(ModelError) -> Set<Tower> {
        let transformer = try SentenceModules.transformerFolder(folder)
        let files = try EncoderFiles(transformer: transformer)
        let architecture = Architecture(files.checkpoint.tensors.keys)
        switch architecture {
        case .bert, .retribert: return Set(Tower.allCases)
        case .dpr(let towers): return Set(towers.keys)
        case .reader, .unknown:
            throw .unknownArchitecture(
                folder: folder, found: architecture.found(in: transformer))
        }
    }
}
