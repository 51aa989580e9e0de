import Base
public import Models
import Tensors

/// An encoder–decoder that writes text: BART, T5 or FLAN-T5.
///
///     let generator = try Generator.load(folder: "bart-base")
///     let outputs = try generator.generate([source])
///     outputs[0][0].tokens  // the start token, the output, the end token
///
/// Outputs are the same, bit for bit, whatever else is generated with them, on any number of
/// threads and on any instruction set. A source is encoded once, whatever the number of beams.
public final class Generator: Sendable {
    /// Ids that the model knows.
    public let vocabularySize: Int
    /// Longest source in tokens; nil where the model has no bound.
    public let longestSource: Int?
    /// The files that hold the weights.
    public let weightFiles: [String]
    /// Tensors in these files that the model does not use, by name.
    public let unusedTensors: [String]

    let plan: EncoderDecoderPlan
    let settings: GenerationSettings
    /// What a RAG folder says of how each kind generates; none where the generator is alone.
    private let ragSettings: [RagKind: GenerationSettings]
    let kernels: EncoderKernels
    let precision: AnyNetwork
    /// What was computed so far.
    package let work = GenerationWork()

    /// A network in the numbers it computes in.
    enum AnyNetwork: Sendable {
        case float32(Network<PackedMatrix>)
        case i16(Network<IntegerMatrix>)
    }

    /// How RAG generates with it.
    func settings(_ kind: RagKind) -> GenerationSettings { ragSettings[kind] ?? settings }

    /// Loads the model in `folder`, in any of the forms that encoders are loaded from.
    ///
    /// - Parameters:
    ///   - folder: A Hugging Face model folder.
    ///   - precision: The numbers its linear layers compute in.
    ///   - weights: How the weights are kept in memory.
    ///   - allowsNonfinite: Whether weights that are NaN or infinite are let pass.
    /// - Throws: `GenerationError` naming the file and what to do.
    public static func load(
        folder: String, precision: Precision = .float32, weights: WeightStorage = .float32,
        allowsNonfinite: Bool = false
    ) throws(GenerationError) -> Generator {
        try load(
            folder: folder, precision: precision,
            policy: WeightPolicy(allowsNonfinite: allowsNonfinite, storage: weights),
            kernels: .best)
    }

    /// Loads with given kernels, so that tests can compare instruction sets.
    static func load(
        folder: String, precision: Precision, policy: WeightPolicy, kernels: EncoderKernels
    ) throws(GenerationError) -> Generator {
        let opened = try OpenedGenerator(folder: folder, policy: policy)
        return try reading { () throws(ModelError) in try Generator(opened, precision, kernels) }
    }

    private init(
        _ opened: OpenedGenerator, _ precision: Precision, _ kernels: EncoderKernels
    ) throws(ModelError) {
        let (plan, checkpoint) = (opened.plan, opened.checkpoint)
        self.plan = plan
        settings = opened.settings
        ragSettings = opened.ragSettings
        self.kernels = kernels
        vocabularySize = plan.vocabularySize
        longestSource = plan.longestSource
        switch precision {
        case .float32: self.precision = .float32(try Network(checkpoint, plan, kernels, work))
        case .i16: self.precision = .i16(try Network(checkpoint, plan, kernels, work))
        }
        weightFiles = checkpoint.files.map(\.path)
        let used = Set(plan.parameters.map(\.name))
        unusedTensors = checkpoint.tensors.map(\.key).filter { !used.contains($0) }.sorted()
    }
}
