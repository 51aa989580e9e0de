import Formats
import Foundation

extension UnigramOptions {
    /// Reads `normalizer` and `pre_tokenizer` of tokenizer.json.
    init(_ document: JSONNode) throws(TokenizerError) {
        self.init()
        if let node = try document.member("normalizer") { try readNormalizer(node, depth: 0) }
        marksSpaces = false
        splitsAtMarks = false
        if let node = try document.member("pre_tokenizer") { try readSplitters(node) }
    }

    private mutating func readSplitters(_ node: JSONNode) throws(TokenizerError) {
        if try node.required("type").string() != "Sequence" { return try readSplitter(node) }
        for step in try node.required("pretokenizers").elements() { try readSplitter(step) }
    }

    private mutating func readNormalizer(_ node: JSONNode, depth: Int) throws(TokenizerError) {
        let kind = try node.required("type")
        switch try kind.string() {
        case "Sequence" where depth == 0:
            for step in try node.required("normalizers").elements() {
                try readNormalizer(step, depth: 1)
            }
        case "Precompiled":
            let map = try node.required("precompiled_charsmap")
            guard let bytes = Data(base64Encoded: try map.string()) else {
                throw map.wrongType("base64")
            }
            do throws(FormatError) {
                steps.append(.map(try CharacterMap(Array(bytes)[...])))
            } catch {
                throw .unsupported(
                    path: map.path, key: map.key,
                    value: "a map with a fault at byte \(error.offset): \(error.reason)",
                    supported: "the one of the model, copied again")
            }
        case "Strip":
            steps.append(
                .strip(
                    left: try node.required("strip_left").bool(),
                    right: try node.required("strip_right").bool()))
        case "Replace": try readReplacement(node)
        case "Lowercase": steps.append(.lowercase)
        default:
            throw kind.unsupported(
                "Precompiled, Strip, Replace, Lowercase or a Sequence of these")
        }
    }

    private mutating func readReplacement(_ node: JSONNode) throws(TokenizerError) {
        let content = try node.required("content").string()
        let pattern = try node.required("pattern")
        if let text = try pattern.member("String") {
            return steps.append(.replace(try text.string(), by: content))
        }
        let regex = try pattern.required("Regex")
        guard let least = Self.spaces(try regex.string()) else {
            throw regex.unsupported("a String, or spaces such as ' {2,}'")
        }
        steps.append(.replaceSpaces(atLeast: least, by: content))
    }

    /// The least number of spaces that ` {2,}` or ` +` matches.
    private static func spaces(_ pattern: String) -> Int? {
        if pattern == " +" { return 1 }
        guard pattern.hasPrefix(" {"), pattern.hasSuffix(",}"),
            let least = Int(pattern.dropFirst(2).dropLast(2)), least > 0
        else { return nil }
        return least
    }

    private mutating func readSplitter(_ node: JSONNode) throws(TokenizerError) {
        let kind = try node.required("type")
        switch try kind.string() {
        case "WhitespaceSplit" where !marksSpaces: splitsAtWhitespace = true
        case "Metaspace" where !marksSpaces:
            let mark = try node.required("replacement")
            guard try mark.string() == "\u{2581}" else { throw mark.unsupported("'\u{2581}'") }
            marksSpaces = true
            prefix = try Self.prefix(node)
            splitsAtMarks = try node.member("split")?.bool() ?? true
        default:
            throw kind.unsupported(
                "WhitespaceSplit, Metaspace, or a Sequence of both in this order")
        }
    }

    /// `prepend_scheme`, or `add_prefix_space` of older files.
    static func prefix(_ node: JSONNode) throws(TokenizerError) -> Prefix {
        guard let scheme = try node.member("prepend_scheme") else {
            return try node.member("add_prefix_space")?.bool() ?? true ? .always : .never
        }
        guard let prefix = Prefix(rawValue: try scheme.string()) else {
            throw scheme.unsupported("always, first or never")
        }
        return prefix
    }
}

extension TokenDecoder {
    /// Reads `decoder` of tokenizer.json; nil where there is none.
    static func list(_ document: JSONNode) throws(TokenizerError) -> [TokenDecoder]? {
        guard let node = try document.member("decoder") else { return nil }
        let kind = try node.required("type")
        guard try kind.string() == "Sequence" else { return [try TokenDecoder(node)] }
        var steps: [TokenDecoder] = []
        for step in try node.required("decoders").elements() { steps.append(try .init(step)) }
        return steps
    }

    private init(_ node: JSONNode) throws(TokenizerError) {
        let kind = try node.required("type")
        switch try kind.string() {
        case "Metaspace":
            self = .metaspace(
                mark: try node.required("replacement").string(),
                dropsFirst: try UnigramOptions.prefix(node) != .never)
        case "ByteFallback": self = .byteFallback
        case "Fuse": self = .fuse
        case "Replace":
            self = .replace(
                try node.required("pattern").required("String").string(),
                by: try node.required("content").string())
        case "Strip":
            self = .strip(
                try node.required("content").string(),
                start: try node.required("start").integer(),
                stop: try node.required("stop").integer())
        default:
            throw kind.unsupported("Metaspace, ByteFallback, Fuse, Replace, Strip or a Sequence")
        }
    }
}
