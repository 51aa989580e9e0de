extension EncodingTemplate {
    /// Reads the `post_processor` of tokenizer.json; nil where there is none.
    init?(_ document: JSONNode) throws(TokenizerError) {
        guard let node = try document.member("post_processor") else { return nil }
        let kind = try node.required("type")
        switch try kind.string() {
        case "TemplateProcessing":
            self.init(
                single: try Self.parts("single", of: node), pair: try Self.parts("pair", of: node))
        case "BertProcessing":
            self = .bert(
                classifier: try Self.specialID("cls", of: node),
                separator: try Self.specialID("sep", of: node))
        case "RobertaProcessing":
            self = .roberta(
                opening: try Self.specialID("cls", of: node),
                separator: try Self.specialID("sep", of: node))
        case "ByteLevel":
            self = .plain
        case let other:
            throw .unsupported(
                path: kind.path, key: kind.key, value: "'\(other)'",
                supported: "TemplateProcessing, BertProcessing, RobertaProcessing or ByteLevel")
        }
    }

    /// `["[CLS]", 101]`: the token is said for readers, the id counts.
    private static func specialID(
        _ role: String, of node: JSONNode
    ) throws(TokenizerError) -> Int32 {
        let pair = try node.required(role)
        let elements = try pair.elements()
        guard elements.count == 2 else { throw pair.wrongType("a token and its id") }
        return try id(elements[1])
    }

    private static func id(_ node: JSONNode) throws(TokenizerError) -> Int32 {
        let id = try node.integer()
        guard id >= 0, id < Vocabulary.idLimit else { throw node.wrongType("a token id") }
        return Int32(id)
    }

    private static func parts(
        _ name: String, of processor: JSONNode
    ) throws(TokenizerError) -> [Part] {
        let list = try processor.required(name)
        var parts: [Part] = []
        var places: [String] = []
        for node in try list.elements() {
            if let text = try node.member("Sequence") {
                let place = try text.required("id").string()
                places.append(place)
                let typeID = try id(text.required("type_id"))
                parts.append(place == "A" ? .first(typeID: typeID) : .second(typeID: typeID))
            } else {
                let special = try node.required("SpecialToken")
                let token = try special.required("id").string()
                let typeID = try id(special.required("type_id"))
                let known = try processor.required("special_tokens").required(token)
                for element in try known.required("ids").elements() {
                    parts.append(.special(id: try id(element), typeID: typeID))
                }
            }
        }
        if places != (name == "single" ? ["A"] : ["A", "B"]) {
            throw list.wrongType(
                name == "single" ? "a template with sequence A" : "a template with A before B")
        }
        return parts
    }
}
