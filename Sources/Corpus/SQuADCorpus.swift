import Formats

/// The paragraphs of SQuAD's nested JSON as passages: equal ones once, numbered from 1.
///
/// All files are read when it is made, and the texts held: the form nests a whole corpus in one
/// object, and which paragraphs are new follows from all before.
struct SQuADCorpus {
    /// What was passed over.
    private(set) var skipped: [CorpusError] = []
    private var found: [(passage: Passage, place: SourcePlace)] = []
    private var read: Int

    /// Reads files, and goes on after so many passages.
    ///
    /// - Throws: a `CorpusError`: a file that cannot be read or has another form, or fewer
    ///   passages than those to go on after.
    init(
        _ paths: [String], after count: UInt64, skipMalformed: Bool
    ) throws(CorpusError) {
        read = Int(clamping: count)
        var contexts: Set<String> = []
        for path in paths {
            let elements = try JSONElements(path: path)
            while let (place, value) = try elements.next() {
                let paragraphs = try Self.paragraphs(of: value, at: place)
                for paragraph in paragraphs where contexts.insert(paragraph.context).inserted {
                    guard let reason = Self.fault(in: paragraph) else {
                        let passage = Passage(
                            id: "\(found.count + 1)", title: paragraph.title,
                            text: paragraph.context)
                        found.append((passage, place))
                        continue
                    }
                    let error = CorpusError.malformed(place: place, reason: reason)
                    guard skipMalformed else { throw error }
                    skipped.append(error)
                }
            }
        }
        guard read <= found.count else {
            throw .strayPosition(path: paths.joined(separator: ", "), byteOffset: count)
        }
    }

    /// Where the next passage is.
    var position: PassagePosition {
        PassagePosition(file: 0, byteOffset: UInt64(read), line: 1)
    }

    /// The next passage and where its article starts; nil after the last.
    mutating func next() -> (passage: Passage, place: SourcePlace)? {
        guard read < found.count else { return nil }
        defer { read += 1 }
        return found[read]
    }

    /// Whether the first object of a file has the form, which takes one look at all of it.
    static func isHere(_ path: String) throws(CorpusError) -> Bool {
        do {
            let elements = try JSONElements(path: path)
            guard let (place, value) = try elements.next() else { return false }
            _ = try paragraphs(of: value, at: place)
            return true
        } catch {
            guard case .malformed = error else { throw error }
            return false
        }
    }

    private static func paragraphs(
        of value: JSONValue, at place: SourcePlace
    ) throws(CorpusError) -> [SQuADParagraph] {
        let reason: Malformation
        do throws(Malformation) {
            if let paragraphs = try SQuADParagraph.paragraphs(of: value) { return paragraphs }
            reason = .missingField("paragraphs")
        } catch {
            reason = error
        }
        throw .malformed(place: place, reason: reason)
    }

    private static func fault(in paragraph: SQuADParagraph) -> Malformation? {
        if paragraph.context.isEmpty, paragraph.title.isEmpty { return .emptyPassage }
        let bytes = paragraph.title.utf8.count + paragraph.context.utf8.count
        return bytes > Passage.maximumBytes ? .tooLarge(limitBytes: Passage.maximumBytes) : nil
    }
}
