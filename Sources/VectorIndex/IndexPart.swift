/// One part of a factory string of Faiss, as `PCA64`, `IVF256`, `PQ8x4` or `RFlat`.
///
/// Each form of Faiss 1.7 is known here with the numbers it may have: what would make the library
/// divide by zero, or take memory without an end, is refused by name.
struct IndexPart: Equatable {
    /// What a part does to the vectors.
    enum Role: Equatable {
        /// Changes vectors before they are stored.
        case transform
        /// Divides vectors into so many lists.
        case lists
        /// Links vectors; `links` are those of a vertex, nil where Faiss is to build the graph.
        case graph(links: Int?)
        /// Stores vectors or codes.
        case storage
        /// Scores again what the parts before it find.
        case refinement
    }

    var text: String
    var role: Role
    /// Rows that it must be trained on, at least; 0 where it needs no training.
    var trainingRows = 0
    /// Into how many parts it divides a vector, where it must be trained on as many rows as each
    /// part has components, as a principal component analysis must; 0 for other parts.
    private var analysedParts = 0
    /// Components that it leaves of a vector; nil: all.
    private var kept: Int?
    /// What Faiss' factory is given for it.
    let built: String
    /// The same with few lists, for a trial on few rows.
    var onTrial: String

    /// Reads a part.
    ///
    /// - Throws: `IndexError.unknownKind`, or `.outOfRange` where a number cannot be.
    init(_ text: String) throws(IndexError) {
        self.text = text
        built = Self.withoutPermutation(text)
        onTrial = built
        role = .storage
        guard !text.hasPrefix("NSG"), !text.contains("_NSG") else {
            throw .unsupported(
                what: "graph \"NSG\"", kind: text,
                remedy: "Choose HNSW32: a search of Faiss 1.7 in an NSG can end the process.")
        }
        if let found = text.wholeMatch(of: /(?:PCAW?R?|ITQ|RR)([0-9]*)/) {
            role = .transform
            if !found.1.isEmpty {
                let kept = try number(found.1, "components", 1...65_535)
                trainingRows = text.hasPrefix("RR") ? 0 : kept
                self.kept = kept
            }
        } else if let found = text.wholeMatch(of: /(?:OPQ)([0-9]+)(?:_([0-9]+))?/) {
            role = .transform
            _ = try number(found.1, "parts of a vector", 1...65_535)
            if let components = found.2 { kept = try number(components, "components", 1...65_535) }
            trainingRows = 256
            analysedParts = 1
        } else if let found = text.wholeMatch(of: /Pad([0-9]+)/) {
            role = .transform
            kept = try number(found.1, "components", 1...65_535)
        } else if text.wholeMatch(of: /L2[nN]orm/) != nil {
            role = .transform
        } else if let found = text.wholeMatch(of: /IVF([0-9]+)([kM]?)((?:_HNSW[0-9]*)?)/) {
            try readLists(found.1, found.2, quantizer: found.3)
        } else if let found = text.wholeMatch(of: /IMI2x([0-9]+)/) {
            role = .lists
            trainingRows = 1 << (try number(found.1, "bits of a half", 1...12))
        } else if let found = text.wholeMatch(of: /HNSW([0-9]*)(?:_(.+))?/) {
            try readGraph(found.1, storage: found.2)
        } else if text == "RFlat" || text.wholeMatch(of: /Refine\(.+\)/) != nil {
            role = .refinement
            if text != "RFlat" { try train(as: IndexPart(String(text.dropFirst(7).dropLast()))) }
        } else {
            trainingRows = try storageRows()
        }
    }

    /// A product quantizer that leaves its codes in the order in which they are found.
    ///
    /// Faiss sorts them for a search by Hamming distance, which is never asked for here, and takes
    /// minutes; distances stay the same.
    private static func withoutPermutation(_ text: String) -> String {
        let form = /((?:HNSW[0-9]*_|Refine\()?)(PQ[0-9]+(?:x[0-9]+)?)(\)?)/
        guard let found = text.wholeMatch(of: form) else { return text }
        return "\(found.1)\(found.2)np\(found.3)"
    }

    private mutating func readLists(
        _ count: Substring, _ unit: Substring, quantizer: Substring
    ) throws(IndexError) {
        role = .lists
        let factor = unit == "k" ? 1 << 10 : unit == "M" ? 1 << 20 : 1
        let most = 1 << 24
        trainingRows = try number(count, "lists", 1...most / factor) * factor
        if quantizer.contains(/[0-9]/) {
            _ = try number(quantizer.drop { !$0.isNumber }, "links of a vertex", 2...1024)
        }
        // A graph over lists needs some to link.
        onTrial = "IVF\(min(trainingRows, quantizer.isEmpty ? 16 : 200))\(quantizer)"
    }

    private mutating func readGraph(
        _ count: Substring, storage: Substring?
    ) throws(IndexError) {
        let links = count.isEmpty ? 32 : try number(count, "links of a vertex", 2...1024)
        role = .graph(links: storage == nil ? links : nil)
        guard let storage else { return }
        if let found = storage.wholeMatch(of: /([0-9]+)\+PQ([0-9]*)/) {
            trainingRows = max(256, try number(found.1, "lists", 1...1 << 24))
        } else if let found = storage.wholeMatch(of: /2x([0-9]+)\+PQ([0-9]*)/) {
            trainingRows = max(256, 1 << (try number(found.1, "bits of a half", 1...12)))
        } else {
            try train(as: IndexPart(String(storage)))
        }
    }

    private mutating func train(as other: IndexPart) {
        (trainingRows, analysedParts) = (other.trainingRows, other.analysedParts)
    }

    /// Rows that it must be trained on, at least, where it gets vectors of `dimension` components,
    /// and the components of those that it gives to the next part.
    func training(onDimension dimension: Int) -> (rows: Int, dimension: Int) {
        let analysed = analysedParts > 0 ? (dimension + analysedParts - 1) / analysedParts : 0
        return (max(trainingRows, analysed), kept ?? dimension)
    }

    /// Rows to train the codes on.
    private mutating func storageRows() throws(IndexError) -> Int {
        if text.wholeMatch(of: /Flat(?:Dedup)?|SQfp16|FlatDedup/) != nil { return 0 }
        if text.wholeMatch(of: /SQ[468]/) != nil { return 1 }
        if text.wholeMatch(of: /LSH[0-9]*r?t?|SH[-0-9.e]*[gcm]?/) != nil {
            let bits = text.dropFirst(3).prefix { $0.isNumber }
            if text.hasPrefix("LSH"), !bits.isEmpty { _ = try number(bits, "bits", 1...65_535) }
            return 1
        }
        if let found = text.wholeMatch(of: /PQ([0-9]+)(?:x([0-9]+))?(?:np|fsr?(?:_[0-9]+)?)?/) {
            _ = try number(found.1, "parts of a vector", 1...65_535)
            return 1
                << (try found.2.map { (bits) throws(IndexError) in
                    try number(bits, "bits of a part", 1...16)
                } ?? 8)
        }
        if let found = text.wholeMatch(of: /PQ([0-9]+)\+([0-9]+)/) {
            _ = try number(found.1, "parts of a vector", 1...65_535)
            _ = try number(found.2, "parts of the rest", 1...65_535)
            return 256
        }
        if let found = text.wholeMatch(
            of:
                /P?(?:RQ|LSQ|RCQ|LSCQ)([0-9]+(?:[x_][0-9]+)*)(?:fsr?(?:_[0-9]+)?)?(?:_N\w+)?/
        ) {
            var bits = 0
            for part in found.1.split(separator: "_") {
                let numbers = part.split(separator: "x")
                for each in numbers { _ = try number(each, "codebooks and bits", 1...4096) }
                bits = max(bits, try number(numbers[numbers.count - 1], "bits", 1...16))
            }
            if text.hasPrefix("R") { analysedParts = 1 }
            if text.hasPrefix("PR") { analysedParts = Int(found.1.prefix { $0.isNumber }) ?? 1 }
            return 1 << bits
        }
        if let found = text.wholeMatch(of: /ZnLattice([0-9]+)x([0-9]+)_([0-9]+)/) {
            for each in [found.1, found.2, found.3] { _ = try number(each, "numbers", 1...4096) }
            return 1
        }
        throw .unknownKind(name: text, known: IndexPart.knownForms)
    }

    /// What is told to whoever names another part.
    static let knownForms =
        ShardIndex.exactKinds + [
            "HNSW32", "IVF256,Flat", "IVF256,SQ8", "PQ8", "SQ8", "PCA64,SQ8",
            "or another factory string of Faiss 1.7",
        ]

    private func number(
        _ digits: Substring, _ what: String, _ range: ClosedRange<Int>
    ) throws(IndexError) -> Int {
        guard let value = Int(digits), range.contains(value) else {
            throw .outOfRange(
                what: "in the index kind \(text) the number of \(what)",
                value: Int(digits) ?? .max, minimum: range.lowerBound, maximum: range.upperBound)
        }
        return value
    }
}
