import ClusterRuntime
import Formats
public import Models

extension TextCuts {
    /// What a cluster has counted.
    init(_ cuts: Cuts) {
        self.init()
        texts = Int(clamping: cuts.texts)
        textsCut = Int(clamping: cuts.textsCut)
        tokens = Int(clamping: cuts.tokens)
        tokensCut = Int(clamping: cuts.tokensCut)
    }

    /// What people are told of it; nil where nothing was cut.
    public var sentence: String? { sentence(of: "text") }

    /// The same of texts of a kind, such as `question`.
    func sentence(of what: String) -> String? {
        guard textsCut > 0 else { return nil }
        let cut = Quantity.count(UInt64(textsCut))
        return "\(cut) of \(Quantity.count(texts, what)) were cut to the model's length: "
            + "\(percentCut) % of all tokens are lost"
    }

    /// The numbers for programs.
    var document: JSONValue {
        [
            "texts": .integer(UInt64(texts)), "texts_cut": .integer(UInt64(textsCut)),
            "tokens": .integer(UInt64(tokens)), "tokens_cut": .integer(UInt64(tokensCut)),
        ]
    }
}
