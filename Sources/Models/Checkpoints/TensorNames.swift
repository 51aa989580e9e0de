/// What tensors are called here, whoever wrote their file.
struct TensorNames: Sendable {
    /// What each name in the files opens with since the model was saved inside a wrapper.
    private let wrapper: String

    /// Looks at all names of a checkpoint.
    init(_ names: some Collection<String>) {
        var wrapper = ""
        while let next = Self.wrappers.first(where: { known in
            !names.isEmpty && names.allSatisfy { $0.hasPrefix(wrapper + known) }
        }) {
            wrapper += next
        }
        self.wrapper = wrapper
    }

    /// Those of data-parallel training and of trainers that hold the model as a member.
    private static let wrappers = ["module.", "model."]

    /// The name by which the tensor `stored` is found.
    ///
    /// Checkpoints from TensorFlow's days call a layer norm's parameters gamma and beta.
    func callAsFunction(_ stored: String) -> String {
        let name = stored.hasPrefix(wrapper) ? String(stored.dropFirst(wrapper.count)) : stored
        let layerNorm = "LayerNorm."
        for (old, new) in [("gamma", "weight"), ("beta", "bias")]
        where name.hasSuffix(layerNorm + old) {
            return name.dropLast(old.count) + new
        }
        return name
    }
}
