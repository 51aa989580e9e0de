import Tensors

/// What the allowed globals stand for.
extension PickleReader {
    /// The value of calling `callee` with `arguments`, for the few that mean data.
    mutating func reduce(
        _ callee: PickleValue, _ arguments: PickleValue
    ) throws(ModelError) -> PickleValue {
        guard case .global(let global) = callee, case .tuple(let index) = arguments else {
            throw forbidden("what is no global")
        }
        let arguments = tuples[index]
        switch global {
        case .orderedDictionary: return try orderedDictionary(arguments)
        case .checkpointState:
            guard arguments.count == PickleGlobal.checkpointFields.count else {
                throw failure("a CheckpointState has \(arguments.count) fields")
            }
            dictionaries.append(
                zip(PickleGlobal.checkpointFields, arguments).map { (.string($0), $1) })
            return .dictionary(dictionaries.count - 1)
        case .tensor: return try tensor(arguments)
        case .parameter:
            guard case .tensor = arguments.first else { throw failure("a parameter has no tensor") }
            return arguments[0]
        case .size:
            guard let sizes = arguments.first else { throw failure("a size has no value") }
            return sizes
        case .storageType: throw forbidden("a storage type")
        }
    }

    private mutating func orderedDictionary(
        _ arguments: [PickleValue]
    ) throws(ModelError) -> PickleValue {
        var items: [(key: PickleValue, value: PickleValue)] = []
        if case .list(let index) = arguments.first {
            for pair in lists[index] {
                guard let pair = sequence(pair), pair.count == 2 else {
                    throw failure("an OrderedDict is made of what are no pairs")
                }
                items.append((pair[0], pair[1]))
            }
        } else if !arguments.isEmpty {
            throw failure("an OrderedDict is made of what is no list")
        }
        dictionaries.append(items)
        return .dictionary(dictionaries.count - 1)
    }

    /// The items of a tuple or list.
    func sequence(_ value: PickleValue) -> [PickleValue]? {
        switch value {
        case .tuple(let index): tuples[index]
        case .list(let index): lists[index]
        default: nil
        }
    }

    private func naturalNumbers(_ value: PickleValue) -> [Int]? {
        guard let items = sequence(value) else { return nil }
        var numbers: [Int] = []
        for item in items {
            guard case .integer(let number) = item, number >= 0 else { return nil }
            numbers.append(number)
        }
        return numbers
    }

    /// A persistent id: ('storage', type, key, location, count[, view]).
    mutating func storage(_ value: PickleValue) throws(ModelError) -> PickleValue {
        guard case .tuple(let index) = value, (5...6).contains(tuples[index].count),
            tuples[index][0] == .string("storage"),
            case .global(.storageType(let type)) = tuples[index][1],
            case .string(let key) = tuples[index][2], case .integer(let count) = tuples[index][4],
            count >= 0, count <= Int.max / type.size
        else { throw failure("a persistent id describes no storage") }
        var view = 0..<count
        if tuples[index].count == 6, tuples[index][5] != .none {
            guard let parts = sequence(tuples[index][5]), parts.count == 3,
                case .integer(let offset) = parts[1], case .integer(let length) = parts[2],
                offset >= 0, length >= 0, offset <= count, length <= count - offset
            else { throw failure("a view leaves its storage") }
            view = offset..<offset + length
        }
        storages.append(PickleStorage(type: type, key: key, count: count, view: view))
        return .storage(storages.count - 1)
    }

    /// The arguments (storage, offset, sizes, strides, …) of a rebuilt tensor.
    private mutating func tensor(_ arguments: [PickleValue]) throws(ModelError) -> PickleValue {
        guard arguments.count >= 4, case .storage(let storage) = arguments[0],
            case .integer(let offset) = arguments[1], offset >= 0,
            let shape = naturalNumbers(arguments[2]), let strides = naturalNumbers(arguments[3]),
            shape.count == strides.count, shape.count <= 32
        else { throw failure("a tensor is not described by a storage, an offset and sizes") }
        let room = storages[storage].view.count
        if shape.contains(0) {
            guard offset <= room else { throw failure("a tensor starts outside its storage") }
        } else {
            var last = offset
            for (size, stride) in zip(shape, strides) {
                let (step, high) = (size - 1).multipliedReportingOverflow(by: stride)
                let (sum, low) = last.addingReportingOverflow(step)
                guard !high, !low else { throw failure("a tensor's extent overflows") }
                last = sum
            }
            guard last < room else {
                throw failure("a tensor reaches element \(last) of a storage of \(room)")
            }
        }
        tensors.append(
            PickleTensor(storage: storage, offset: offset, shape: shape, strides: strides))
        return .tensor(tensors.count - 1)
    }
}
