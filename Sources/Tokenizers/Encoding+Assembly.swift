/// How texts become an encoding, beyond their tokens.
struct EncodingRequest {
    var maximumLength: Int?
    var truncation: Truncation
    var stride: Int?
    var padding: Padding
    var paddingID: Int32
}

extension EncodingTemplate {
    /// Puts tokens, special tokens and padding together without any cut.
    func assemble(
        _ first: TokenSequence, _ second: TokenSequence?, padding: Padding, paddingID: Int32
    ) -> Encoding {
        var result = Encoding()
        func add(_ tokens: TokenSequence, typeID: Int32) {
            result.ids += tokens.ids
            result.offsets += tokens.offsets
            result.typeIDs += repeatElement(typeID, count: tokens.count)
            result.specialTokensMask += repeatElement(0, count: tokens.count)
        }
        for part in parts(isPair: second != nil) {
            switch part {
            case .special(let id, let typeID):
                result.ids.append(id)
                result.offsets.append(0..<0)
                result.typeIDs.append(typeID)
                result.specialTokensMask.append(1)
            case .first(let typeID): add(first, typeID: typeID)
            case .second(let typeID): add(second ?? TokenSequence(), typeID: typeID)
            }
        }
        result.attentionMask = [UInt8](repeating: 1, count: result.ids.count)
        if case .toLength(let length) = padding { result.pad(to: length, id: paddingID) }
        return result
    }

    /// The same, cut as asked; the windows cut off follow as `overflowing` where a stride is given.
    func assemble(
        _ first: TokenSequence, _ second: TokenSequence?, _ request: EncodingRequest
    ) throws(TokenizerError) -> Encoding {
        let isPair = second != nil
        guard let maximumLength = request.maximumLength, request.truncation != .doNotTruncate else {
            return assemble(
                first, second, padding: request.padding, paddingID: request.paddingID)
        }
        let specials = specialCount(isPair: isPair)
        if maximumLength < specials {
            throw .maximumLengthTooSmall(maximumLength: maximumLength, specialTokens: specials)
        }
        let kept = try request.truncation.lengths(
            first: first.count, second: second?.count, budget: maximumLength - specials,
            maximumLength: maximumLength)
        guard let stride = request.stride else {
            return assemble(
                first[0..<kept.first], second?[0..<kept.second], padding: request.padding,
                paddingID: request.paddingID)
        }
        let firsts = try first.windows(length: kept.first, stride: stride)
        let seconds = try second?.windows(length: kept.second, stride: stride)
        return assemble(firsts, seconds, request)
    }

    /// Every window of the first text with every one of the second: first those with later windows
    /// of the first text, then the first window with the later ones of the second.
    private func assemble(
        _ firsts: [TokenSequence], _ seconds: [TokenSequence]?, _ request: EncodingRequest
    ) -> Encoding {
        func one(_ first: TokenSequence, _ second: TokenSequence?) -> Encoding {
            assemble(first, second, padding: request.padding, paddingID: request.paddingID)
        }
        guard let seconds else {
            var result = one(firsts[0], nil)
            result.overflowing = firsts.dropFirst().map { one($0, nil) }
            return result
        }
        var result = one(firsts[0], seconds[0])
        for first in firsts.dropFirst() {
            result.overflowing += seconds.map { one(first, $0) }
        }
        result.overflowing += seconds.dropFirst().map { one(firsts[0], $0) }
        return result
    }
}

extension Encoding {
    /// Fills up to `length` tokens on the right, its windows too; longer ones stay as they are.
    public mutating func pad(to length: Int, id: Int32) {
        let missing = length - ids.count
        if missing > 0 {
            ids += repeatElement(id, count: missing)
            typeIDs += repeatElement(0, count: missing)
            offsets += repeatElement(0..<0, count: missing)
            specialTokensMask += repeatElement(1, count: missing)
            attentionMask += repeatElement(0, count: missing)
        }
        for index in overflowing.indices { overflowing[index].pad(to: length, id: id) }
    }
}
