import Formats

/// The forms that the reference makes of a SentencePiece model (transformers 4.41.2,
/// convert_slow_tokenizer.py).
extension UnigramFiles {
    /// XLM-R: `<s> <pad> </s> <unk>` in front, then the pieces from the fourth, `<mask>` behind.
    init(
        _ bytes: [UInt8], xlmRoberta path: String, _ config: JSONNode?
    ) throws(TokenizerError) {
        self.init(path: path)
        try Self.demandKind(["XLMRoberta"], config)
        let file = try read(bytes)
        for token in ["<s>", "<pad>", "</s>", "<unk>"] { append(token) }
        for piece in file.pieces.dropFirst(3) { append(piece.text, score: piece.score) }
        append("<mask>")
        unknownID = 3
        for id in 0..<4 {
            added.append(AddedToken(content: entries[id].token, id: Int32(id), normalized: false))
        }
        added.append(
            AddedToken(
                content: "<mask>", id: Int32(entries.count - 1), stripsLeft: true,
                normalized: true))
        addPieces(of: file, shift: 1, from: 3)
        template = .roberta(opening: 0, separator: 2)
    }

    /// T5: the pieces, then `<extra_id_99>` down to `<extra_id_0>`.
    init(
        _ bytes: [UInt8], t5 path: String, _ config: JSONNode?, _ names: SpecialTokenNames
    ) throws(TokenizerError) {
        self.init(path: path)
        let isNamed = try Self.demandKind(["T5", "MT5"], config)
        let file = try read(bytes)
        for piece in file.pieces { append(piece.text, score: piece.score) }
        unknownID = Int32(file.unknownID)
        addPieces(of: file, shift: 0, from: 0)
        let count = try Self.extraIDs(config, names, isNamed: isNamed)
        for index in (0..<count).reversed() {
            added.append(
                AddedToken(
                    content: "<extra_id_\(index)>", id: Int32(entries.count), normalized: false))
            append("<extra_id_\(index)>")
        }
        if try config?.member("legacy")?.bool() == false { options.prefix = .first }
        guard let end = file.pieces.firstIndex(where: { $0.text == "</s>" }) else {
            throw .missingSpecialToken(path: path, role: "end", token: "</s>")
        }
        let ending = EncodingTemplate.Part.special(id: Int32(end), typeID: 0)
        template = EncodingTemplate(
            single: [.first(typeID: 0), ending],
            pair: [.first(typeID: 0), ending, .second(typeID: 0), ending])
    }

    private init(path: String) { self.path = path }

    /// What both forms share: normalisation, words, and the way back.
    private mutating func read(_ bytes: [UInt8]) throws(TokenizerError) -> SentencePieceFile {
        let file: SentencePieceFile
        do throws(FormatError) {
            file = try SentencePieceFile(bytes.span)
        } catch {
            throw .malformedModel(path: path, offset: error.offset, reason: error.reason)
        }
        try refuse(file.modelType != 1, "trainer_spec.model_type", "\(file.modelType)", "1")
        try refuse(file.marksWordEnds, "trainer_spec.treat_whitespace_as_suffix", "true", "false")
        try refuse(!file.addsPrefix, "normalizer_spec.add_dummy_prefix", "false", "true")
        if file.pieces.count < 4 { throw .emptyVocabulary(path: path) }
        guard file.pieces.indices.contains(file.unknownID),
            file.pieces[file.unknownID].kind == .unknown
        else {
            throw .malformedModel(
                path: path, offset: bytes.count,
                reason: "no piece is the unknown one, or the file is cut off")
        }
        if let map = file.map {
            do throws(FormatError) {
                options.steps = [.map(try CharacterMap(bytes[map]))]
            } catch {
                throw .malformedModel(
                    path: path, offset: map.lowerBound + error.offset, reason: error.reason)
            }
        }
        options.steps += [
            .strip(left: false, right: true), .replaceSpaces(atLeast: 2, by: "\u{2581}"),
        ]
        fallsBackToBytes = file.fallsBackToBytes
        let metaspace = TokenDecoder.metaspace(mark: "\u{2581}", dropsFirst: true)
        decoder = fallsBackToBytes ? [.byteFallback, metaspace] : [metaspace]
        return file
    }

    private func refuse(
        _ isOther: Bool, _ key: String, _ value: String, _ supported: String
    ) throws(TokenizerError) {
        if isOther {
            throw .unsupported(path: path, key: key, value: value, supported: supported)
        }
    }

    /// Control pieces are special, pieces of the user are kept whole.
    private mutating func addPieces(of file: SentencePieceFile, shift: Int, from first: Int) {
        for (id, piece) in file.pieces.enumerated().dropFirst(first) {
            let isSpecial = piece.kind == .control || piece.kind == .unknown
            guard isSpecial || piece.kind == .userDefined else { continue }
            added.append(
                AddedToken(
                    content: piece.text, id: Int32(id + shift), normalized: false,
                    special: isSpecial))
        }
    }

    /// Refuses the folder of another model, whose ids are laid out otherwise; true where the
    /// folder names one of `kinds`, or none.
    @discardableResult
    private static func demandKind(
        _ kinds: [String], _ config: JSONNode?
    ) throws(TokenizerError) -> Bool {
        guard let node = try config?.member("tokenizer_class") else { return true }
        let name = try node.string()
        if kinds.contains(where: { name == $0 + "Tokenizer" || name == $0 + "TokenizerFast" }) {
            return true
        }
        if name == "PreTrainedTokenizerFast" { return false }
        throw .unsupported(
            path: node.path, key: node.key, value: "'\(name)'",
            supported: kinds.map { $0 + "Tokenizer" }.joined(separator: " or ")
                + ", or a folder with a tokenizer.json")
    }

    /// How many sentinels T5 adds: as many as the files say, else its own 100.
    private static func extraIDs(
        _ config: JSONNode?, _ names: SpecialTokenNames, isNamed: Bool
    ) throws(TokenizerError) -> Int {
        if let node = try config?.member("extra_ids") {
            let count = try node.integer()
            guard 0...4096 ~= count else { throw node.wrongType("a number from 0 to 4096") }
            return count
        }
        let listed = names.additional.count { $0.hasPrefix("<extra_id_") }
        return listed > 0 || !isNamed ? listed : 100
    }
}
