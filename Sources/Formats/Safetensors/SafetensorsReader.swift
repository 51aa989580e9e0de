/// Reads the header of a safetensors file: eight bytes of header length, a JSON header, then the
/// elements of all tensors without gap or overlap.
///
/// The grammar has two fixed levels, so no input makes it recurse. Nothing of the elements is read.
package struct SafetensorsReader<Element> {
    /// A tensor takes at least so many bytes of header, comma included.
    private static var shortestEntry: Int { 48 }

    /// What was made of the tensors, in the order of the header.
    package private(set) var entries: [Element] = []
    /// `__metadata__`.
    package private(set) var metadata: [String: String] = [:]
    private var places: [(name: String, range: Range<Int>)] = []
    /// The byte of the file where the elements begin.
    private let base: Int
    private let size: Int
    private let limits: SafetensorsLimits
    private var at = 0

    /// Reads and checks the header of a file.
    ///
    /// - Parameters:
    ///   - file: The whole file.
    ///   - width: The bytes of an element of a type; nil where the type is not known.
    ///   - make: Makes an element of a tensor's description.
    package init(
        _ file: Span<UInt8>, limits: SafetensorsLimits, width: (String) -> Int?,
        make: (SafetensorsTensor) -> Element
    ) throws(FormatError) {
        size = file.count
        self.limits = limits
        guard size >= 8 else { throw FormatError(0, "it has \(size) bytes, fewer than 8") }
        let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(file[$1]) << UInt64(8 * $1) }
        guard length <= UInt64(limits.headerBytes), Int(length) <= size - 8 else {
            throw FormatError(
                0, "its header would have \(length) bytes, and \(size - 8) follow")
        }
        base = 8 + Int(length)
        entries.reserveCapacity(min(limits.entries, Int(length) / Self.shortestEntry + 1))
        do throws(JSONError) {
            try read(file.extracting(8..<base), width, make)
        } catch {
            throw FormatError(error, from: 8)
        }
        try checkCoverage()
    }

    private mutating func read(
        _ header: Span<UInt8>, _ width: (String) -> Int?,
        _ make: (SafetensorsTensor) -> Element
    ) throws(JSONError) {
        var isFirst = true
        var sawMetadata = false
        try JSONText.expect(0x7B, header, &at)
        while let name = try JSONText.nextName(header, &at, isFirst: &isFirst, .model) {
            if name == "__metadata__" {
                guard !sawMetadata else { throw JSONText.fault(at, "__metadata__ occurs twice") }
                sawMetadata = true
                try readMetadata(header)
            } else {
                guard entries.count < limits.entries else {
                    throw JSONText.fault(at, "more than \(limits.entries) tensors")
                }
                let tensor = try readTensor(name, header, width)
                places.append((name, tensor.range))
                entries.append(make(tensor))
            }
        }
        try JSONText.expectEnd(header, &at)
    }

    private mutating func readMetadata(_ header: Span<UInt8>) throws(JSONError) {
        var isFirst = true
        try JSONText.expect(0x7B, header, &at)
        while let name = try JSONText.nextName(header, &at, isFirst: &isFirst, .model) {
            guard metadata[name] == nil else {
                throw JSONText.fault(at, "the key \"\(name)\" occurs twice")
            }
            guard metadata.count < limits.entries else {
                throw JSONText.fault(at, "more than \(limits.entries) entries of metadata")
            }
            metadata[name] = try JSONText.string(header, &at, .model)
        }
    }

    private mutating func readTensor(
        _ name: String, _ header: Span<UInt8>, _ width: (String) -> Int?
    ) throws(JSONError) -> SafetensorsTensor {
        let start = at
        var type: String?
        var shape: [Int]?
        var range: [Int]?
        var isFirst = true
        try JSONText.expect(0x7B, header, &at)
        while let key = try JSONText.nextName(header, &at, isFirst: &isFirst, .model) {
            switch key {
            case "dtype" where type == nil: type = try JSONText.string(header, &at, .model)
            case "shape" where shape == nil:
                shape = try naturalNumbers(header, limit: limits.rank)
            case "data_offsets" where range == nil: range = try naturalNumbers(header, limit: 2)
            default:
                throw JSONText.fault(at, "\(name) has an unexpected or repeated \"\(key)\"")
            }
        }
        guard let type, let shape, let range, range.count == 2 else {
            throw JSONText.fault(start, "\(name) lacks its dtype, shape or data_offsets")
        }
        guard let elementBytes = width(type) else {
            throw JSONText.fault(start, "\(name) has the unknown element type \(type)")
        }
        guard range[0] <= range[1], range[1] <= size - base else {
            throw JSONText.fault(
                start, "\(name) lies at \(range) of \(size - base) bytes of data")
        }
        guard Self.bytes(shape, elementBytes) == range[1] - range[0] else {
            throw JSONText.fault(
                start, "\(name) of shape \(shape) does not fill \(range[1] - range[0]) bytes")
        }
        return SafetensorsTensor(
            name: name, type: type, shape: shape, range: base + range[0]..<base + range[1])
    }

    /// Integers from 0 up, written without sign, point or exponent.
    private mutating func naturalNumbers(
        _ header: Span<UInt8>, limit: Int
    ) throws(JSONError) -> [Int] {
        var numbers: [Int] = []
        var isFirst = true
        try JSONText.expect(0x5B, header, &at)
        while try JSONText.nextItem(header, &at, isFirst: &isFirst, closing: 0x5D) {
            guard numbers.count < limit else {
                throw JSONText.fault(at, "more than \(limit) numbers are listed here")
            }
            let start = at
            let literal = try JSONText.scalar(header, &at)
            guard let number = Int(literal), number >= 0, literal != "-0" else {
                throw JSONText.fault(start, "an integer from 0 up, in 63 bits, is expected here")
            }
            numbers.append(number)
        }
        return numbers
    }

    private static func bytes(_ shape: [Int], _ width: Int) -> Int? {
        var bytes = width
        for dimension in shape {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: dimension)
            guard !overflow else { return nil }
            bytes = product
        }
        return bytes
    }

    /// Every byte of data belongs to exactly one tensor.
    private mutating func checkCoverage() throws(FormatError) {
        places.sort {
            ($0.range.lowerBound, $0.range.count) < ($1.range.lowerBound, $1.range.count)
        }
        var covered = base
        for (name, range) in places {
            guard range.lowerBound == covered else {
                let what = range.lowerBound < covered ? "overlap before" : "lie unused before"
                throw FormatError(min(covered, range.lowerBound), "bytes \(what) \(name)")
            }
            covered = range.upperBound
        }
        guard covered == size else {
            throw FormatError(covered, "\(size - covered) bytes follow the last tensor")
        }
        places = []
    }
}

/// A tensor as the header of a safetensors file describes it.
package struct SafetensorsTensor: Equatable, Sendable {
    /// Its name.
    package var name: String
    /// The type of its elements, such as F32.
    package var type: String
    /// Its dimensions.
    package var shape: [Int]
    /// Where its elements lie in the file, row-major.
    package var range: Range<Int>
}

/// What a safetensors file may hold.
package struct SafetensorsLimits: Sendable {
    /// Bytes of the header.
    package var headerBytes: Int
    /// Tensors, and as many entries of metadata.
    package var entries: Int
    /// Dimensions of a tensor.
    package var rank: Int

    /// Names limits.
    package init(headerBytes: Int, entries: Int = .max, rank: Int) {
        self.headerBytes = headerBytes
        self.entries = entries
        self.rank = rank
    }
}
