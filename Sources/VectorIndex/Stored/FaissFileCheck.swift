internal import Base

/// Reads the structure of a Faiss index file, so that Faiss, which trusts every length and number
/// in it, is only given files that agree with themselves.
///
/// Known are `IndexFlat`, `IndexScalarQuantizer`, `IndexPQ`, `IndexHNSW` and `IndexIVF` over these,
/// and linear transforms before them. Source: `faiss/impl/index_read.cpp` of Faiss 1.7.
struct FaissFileCheck {
    /// What the file holds.
    struct Found: Equatable {
        var dimension: Int
        var rows: Int
        var metric: Metric
        /// Whether the stored vectors of a row can be given back.
        var givesVectors: Bool
    }

    private let path: String
    private var cursor: ByteCursor
    /// Indexes inside one another; files of use have three at most.
    private static let maximumDepth = 4

    /// Checks all of a file's bytes.
    static func check(_ file: MappedFile) throws(IndexError) -> Found {
        var check = FaissFileCheck(path: file.path, bytes: file.bytes)
        let found = try check.index(depth: 0)
        guard check.cursor.left == 0 else {
            throw check.failure("bytes follow the index")
        }
        guard file.isWhole else { throw .changedInUse(path: file.path) }
        return found
    }

    private init(path: String, bytes: UnsafeRawBufferPointer) {
        self.path = path
        cursor = ByteCursor(bytes)
    }

    private func failure(_ reason: String) -> IndexError {
        .unreadableFaissFile(path: path, offset: cursor.position, reason: reason)
    }

    // MARK: Numbers

    private mutating func number<Value: FixedWidthInteger>(
        _ type: Value.Type
    ) throws(IndexError) -> Value {
        guard let value = cursor.number(type) else {
            throw failure("the file ends inside a number")
        }
        return value
    }

    private mutating func count(_ what: String) throws(IndexError) -> Int {
        let value = try number(UInt64.self)
        guard let count = Int(exactly: value), count <= cursor.bytes.count else {
            throw failure("\(what) is \(value), more than the file's bytes")
        }
        return count
    }

    private mutating func integer(_ what: String) throws(IndexError) -> Int {
        let value = Int(try number(Int32.self))
        guard value >= 0 else { throw failure("\(what) is \(value)") }
        return value
    }

    private mutating func flag() throws(IndexError) -> Bool { try number(UInt8.self) != 0 }

    private mutating func word() throws(IndexError) -> String {
        let code = try number(UInt32.self)
        return withUnsafeBytes(of: code.littleEndian) { String(decoding: $0, as: UTF8.self) }
    }

    /// Steps over items; returns where they lie.
    @discardableResult
    private mutating func skip(
        _ count: Int, of size: Int, _ what: String
    ) throws(IndexError) -> Int {
        let (length, overflow) = count.multipliedReportingOverflow(by: size)
        guard !overflow, let place = cursor.take(length) else {
            throw failure("\(what) announces \(count) items and the file ends before")
        }
        return place.lowerBound
    }

    /// Steps over a vector of items; returns where they lie and how many there are.
    private mutating func vector(
        of size: Int, _ what: String
    ) throws(IndexError) -> (start: Int, count: Int) {
        let count = try count("the length of \(what)")
        return (try skip(count, of: size, what), count)
    }

    private mutating func vector(
        of size: Int, _ what: String, holding expected: Int
    ) throws(IndexError) {
        let found = try vector(of: size, what)
        guard found.count == expected else {
            throw failure("\(what) holds \(found.count) items, not \(expected)")
        }
    }

    private func product(_ a: Int, _ b: Int) throws(IndexError) -> Int {
        let (value, overflow) = a.multipliedReportingOverflow(by: b)
        guard !overflow else { throw failure("\(a) times \(b) is beyond any file") }
        return value
    }

    private func item<Value: FixedWidthInteger>(
        _ start: Int, _ index: Int, _ type: Value.Type
    ) -> Value {
        Value(
            littleEndian: cursor.bytes.loadUnaligned(
                fromByteOffset: start + index * MemoryLayout<Value>.size, as: type))
    }

    // MARK: Indexes

    /// What all kinds open with, behind the four letters.
    private mutating func header() throws(IndexError) -> Found {
        let dimension = try integer("the dimension")
        let rows = try number(Int64.self)
        try skip(16, of: 1, "the header")
        guard try flag() else { throw failure("the index is not trained") }
        let metric = try number(Int32.self)
        guard (1...Segment.maximumDimension).contains(dimension) else {
            throw failure("the dimension is \(dimension)")
        }
        guard rows >= 0, rows <= Int32.max else { throw failure("there are \(rows) rows") }
        guard metric == 0 || metric == 1 else { throw failure("the metric is number \(metric)") }
        return Found(
            dimension: dimension, rows: Int(rows), metric: metric == 0 ? .innerProduct : .l2,
            givesVectors: true)
    }

    private mutating func index(depth: Int) throws(IndexError) -> Found {
        guard depth < Self.maximumDepth else { throw failure("indexes lie too deep") }
        let kind = try word()
        switch kind {
        case "IxFI", "IxF2", "IxFl":
            let found = try header()
            guard kind == "IxFl" || (kind == "IxFI") == (found.metric == .innerProduct) else {
                throw failure("the metric is not that of \(kind)")
            }
            try vector(
                of: 4, "the vectors", holding: try product(found.rows, found.dimension))
            return found
        case "IxSQ":
            let found = try header()
            let width = try scalarQuantizer(found.dimension)
            try vector(of: 1, "the codes", holding: try product(found.rows, width))
            return found
        case "IxPq":
            let found = try header()
            let width = try productQuantizer(found.dimension)
            try vector(of: 1, "the codes", holding: try product(found.rows, width))
            // How it is searched: other ways than by whole codes ask for codes of other widths.
            guard try number(Int32.self) == 0, try number(UInt8.self) == 0 else {
                throw failure("it is searched by signs or parts of codes")
            }
            try skip(4, of: 1, "the search's settings")
            return found
        case "IHNf", "IHNs", "IHNp":
            let found = try header()
            try graph(rows: found.rows)
            let inner = try index(depth: depth + 1)
            guard inner.dimension == found.dimension, inner.rows == found.rows else {
                throw failure("the graph and its vectors do not go together")
            }
            return found
        case "IwFl", "IwSq", "IwPQ": return try inverted(kind, depth: depth)
        case "IxPT": return try transformed(depth: depth)
        default:
            throw failure(
                "it is of the kind \(kind.filter { $0.isASCII && ($0.isLetter || $0.isNumber) })")
        }
    }

    private mutating func scalarQuantizer(_ dimension: Int) throws(IndexError) -> Int {
        // Bits a component, by the number of the kind; two trained numbers a component, or two for
        // all of them.
        let bits = [8, 4, 8, 4, 16, 8, 6]
        let kind = try integer("the kind of the quantizer")
        guard bits.indices.contains(kind) else { throw failure("quantizers of kind \(kind)") }
        try skip(8, of: 1, "the quantizer's range")
        guard try count("the quantizer's dimension") == dimension else {
            throw failure("the quantizer has another dimension")
        }
        let width = try count("the size of a code")
        guard width == (dimension * bits[kind] + 7) / 8 else {
            throw failure("a code has \(width) bytes")
        }
        let trained = kind == 4 || kind == 5 ? 0 : kind == 2 || kind == 3 ? 2 : 2 * dimension
        try vector(of: 4, "what the quantizer was trained to", holding: trained)
        return width
    }

    private mutating func productQuantizer(_ dimension: Int) throws(IndexError) -> Int {
        guard try count("the quantizer's dimension") == dimension else {
            throw failure("the quantizer has another dimension")
        }
        let parts = try count("the quantizer's parts")
        let bits = try count("the bits of a code")
        guard parts > 0, dimension % parts == 0, (1...16).contains(bits) else {
            throw failure("\(parts) parts of \(bits) bits do not quantize \(dimension)")
        }
        try vector(of: 4, "the centroids", holding: try product(dimension, 1 << bits))
        return (parts * bits + 7) / 8
    }

    private mutating func inverted(_ kind: String, depth: Int) throws(IndexError) -> Found {
        var found = try header()
        found.givesVectors = false
        let lists = try count("the number of lists")
        let probes = try count("the number of probes")
        let quantizer = try index(depth: depth + 1)
        guard quantizer.dimension == found.dimension, quantizer.rows == lists, lists > 0,
            probes > 0
        else { throw failure("\(lists) lists and \(quantizer.rows) centres") }
        guard try number(UInt8.self) == 0 else {
            throw failure("the index keeps a map of its rows")
        }
        try vector(of: 8, "the map of rows", holding: 0)
        let width: Int
        switch kind {
        case "IwFl": width = try product(found.dimension, 4)
        case "IwSq":
            let size = try scalarQuantizer(found.dimension)
            guard try count("the size of a code") == size else {
                throw failure("the lists have other codes than the quantizer")
            }
            _ = try flag()
            width = size
        default:
            _ = try flag()
            let size = try count("the size of a code")
            guard try productQuantizer(found.dimension) == size else {
                throw failure("the lists have other codes than the quantizer")
            }
            width = size
        }
        try invertedLists(lists, width: width, rows: found.rows)
        return found
    }

    private mutating func invertedLists(
        _ lists: Int, width: Int, rows: Int
    ) throws(IndexError) {
        guard try word() == "ilar" else { throw failure("lists of another kind than arrays") }
        guard try count("the number of lists") == lists,
            try count("the size of a code") == width
        else { throw failure("the lists are others than the index says") }
        var sizes = [Int](repeating: 0, count: lists)
        switch try word() {
        case "full":
            let found = try vector(of: 8, "the sizes of lists")
            guard found.count == lists else { throw failure("not every list has a size") }
            for list in 0..<lists {
                sizes[list] = Int(clamping: item(found.start, list, UInt64.self))
            }
        case "sprs":
            let found = try vector(of: 8, "the sizes of lists")
            guard found.count % 2 == 0 else { throw failure("a list has no size") }
            for pair in 0..<found.count / 2 {
                let list = item(found.start, 2 * pair, UInt64.self)
                guard list < lists else { throw failure("list \(list) of \(lists) has a size") }
                sizes[Int(list)] = Int(clamping: item(found.start, 2 * pair + 1, UInt64.self))
            }
        default: throw failure("the sizes of lists have an unknown form")
        }
        var total = 0
        for size in sizes {
            guard size <= rows - total else { throw failure("lists hold more than all rows") }
            total += size
            try skip(size, of: width, "the codes of a list")
            let start = try skip(size, of: 8, "the rows of a list")
            for place in 0..<size {
                let row = item(start, place, Int64.self)
                guard row >= 0, row < rows else { throw failure("a list names row \(row)") }
            }
        }
        guard total == rows else { throw failure("lists hold \(total) of \(rows) rows") }
    }

    private mutating func transformed(depth: Int) throws(IndexError) -> Found {
        var found = try header()
        found.givesVectors = false
        var width = found.dimension
        for _ in 0..<(try integer("the number of transforms")) {
            let kind = try word()
            guard kind == "LTra" || kind == "rrot" else {
                throw failure("a transform of an unknown kind")
            }
            let hasBias = try flag()
            let matrix = try vector(of: 4, "a transform's matrix")
            let bias = try vector(of: 4, "a transform's bias")
            let (from, to) = (try integer("a transform's inputs"), try integer("its outputs"))
            guard try flag(), from == width, to > 0,
                matrix.count == (try product(from, to)), bias.count == (hasBias ? to : 0)
            else { throw failure("a transform does not fit what is before it") }
            width = to
        }
        let inner = try index(depth: depth + 1)
        guard inner.dimension == width, inner.rows == found.rows else {
            throw failure("the transforms and the index do not go together")
        }
        return found
    }

    /// HNSW: which rows are linked, level by level.
    private mutating func graph(rows: Int) throws(IndexError) {
        let chances = try vector(of: 8, "the chances of levels")
        let links = try vector(of: 4, "the links of levels")
        let levels = try vector(of: 4, "the levels of rows")
        let offsets = try vector(of: 8, "the places of links")
        let neighbours = try vector(of: 4, "the links")
        let entry = try number(Int32.self)
        let highest = try number(Int32.self)
        // Candidates while building and searching, and while going down the upper levels.
        _ = try integer("efConstruction")
        let breadth = try integer("efSearch")
        let upperBreadth = try integer("upper_beam")
        guard levels.count == rows, offsets.count == rows + 1, chances.count <= 1_024,
            breadth >= 1, breadth <= 1 << 20, (1...1_024).contains(upperBreadth),
            links.count <= 1_024, links.count >= 1
        else { throw failure("the graph is not one of \(rows) rows") }
        let ends = (0..<links.count).map { Int(item(links.start, $0, Int32.self)) }
        guard ends[0] == 0, zip(ends, ends.dropFirst()).allSatisfy({ $0 <= $1 }) else {
            throw failure("the numbers of links of the levels go back")
        }
        guard rows > 0 else { return }
        guard item(offsets.start, 0, UInt64.self) == 0 else {
            throw failure("the links of row 0 do not come first")
        }
        var place = 0
        for row in 0..<rows {
            let level = Int(item(levels.start, row, Int32.self))
            guard level >= 1, level < ends.count else {
                throw failure("row \(row) has \(level) levels")
            }
            let next = Int(clamping: item(offsets.start, row + 1, UInt64.self))
            guard next - place == ends[level], next <= neighbours.count else {
                throw failure("the links of row \(row) lie elsewhere than its levels say")
            }
            // A link leads to a row that is on the same level too.
            for depth in 0..<level {
                for link in place + ends[depth]..<place + ends[depth + 1] {
                    let row = item(neighbours.start, link, Int32.self)
                    guard row >= -1, row < rows,
                        row < 0 || Int(item(levels.start, Int(row), Int32.self)) > depth
                    else { throw failure("a link leads to row \(row) on level \(depth)") }
                }
            }
            place = next
        }
        guard place == neighbours.count, entry >= 0, entry < rows, highest >= 0,
            Int(item(levels.start, Int(entry), Int32.self)) == Int(highest) + 1
        else { throw failure("the graph's entry is row \(entry) on level \(highest)") }
    }
}
