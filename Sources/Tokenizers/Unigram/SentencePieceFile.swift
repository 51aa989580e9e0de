import Formats

/// A SentencePiece model as its trainer wrote it (sentencepiece_model.proto).
struct SentencePieceFile {
    /// What a piece is for.
    enum Kind: UInt64 {
        case normal = 1
        case unknown
        case control
        case userDefined
        case unused
        case byte
    }

    /// A piece of the vocabulary.
    struct Piece {
        var text = ""
        var score: Float = 0
        var kind = Kind.normal
    }

    /// By id.
    var pieces: [Piece] = []
    /// 1 Unigram, 2 byte pairs, 3 words, 4 characters.
    var modelType: UInt64 = 1
    var unknownID = 0
    var fallsBackToBytes = false
    var marksWordEnds = false
    var addsPrefix = true
    /// Where the map of characters lies in the file; nil where there is none.
    var map: Range<Int>?

    /// Reads the fields that matter; others are passed over, as the format wants it.
    init(_ file: Span<UInt8>) throws(FormatError) {
        var reader = ProtobufReader(0..<file.count)
        while let field = try reader.next(file) {
            guard case .bytes(let range) = field.value else { continue }
            switch field.number {
            case 1: pieces.append(try Self.piece(file, range))
            case 2: try readTrainer(file, range)
            case 3: try readNormalizer(file, range)
            default: break
            }
        }
    }

    private static func piece(_ file: Span<UInt8>, _ range: Range<Int>) throws(FormatError) -> Piece
    {
        var piece = Piece()
        var reader = ProtobufReader(range)
        while let field = try reader.next(file) {
            switch (field.number, field.value) {
            case (1, .bytes(let text)):
                do {
                    piece.text = String(
                        copying: try UTF8Span(validating: file.extracting(text)))
                } catch {
                    throw FormatError(text.lowerBound, "a piece is not UTF-8")
                }
            case (2, .fixed32(let bits)):
                piece.score = Float(bitPattern: bits)
                guard piece.score.isFinite else {
                    throw FormatError(field.offset, "the score of a piece is no number")
                }
            case (3, .integer(let kind)):
                guard let known = Kind(rawValue: kind) else {
                    throw FormatError(field.offset, "a piece is of the unknown kind \(kind)")
                }
                piece.kind = known
            default: break
            }
        }
        return piece
    }

    private mutating func readTrainer(
        _ file: Span<UInt8>, _ range: Range<Int>
    ) throws(FormatError) {
        var reader = ProtobufReader(range)
        while let field = try reader.next(file) {
            guard case .integer(let value) = field.value else { continue }
            switch field.number {
            case 3: modelType = value
            case 24: marksWordEnds = value != 0
            case 35: fallsBackToBytes = value != 0
            case 40: unknownID = Int(truncatingIfNeeded: value)
            default: break
            }
        }
    }

    private mutating func readNormalizer(
        _ file: Span<UInt8>, _ range: Range<Int>
    ) throws(FormatError) {
        var reader = ProtobufReader(range)
        while let field = try reader.next(file) {
            switch (field.number, field.value) {
            case (2, .bytes(let map)): self.map = map.isEmpty ? nil : map
            case (3, .integer(let value)): addsPrefix = value != 0
            default: break
            }
        }
    }
}
