public import Formats
public import Models

extension ModelInspection {
    /// The inspection for people.
    public var text: String {
        var facts: [(String, String)] = [
            ("folder", folder), ("architecture", architecture),
            ("model type", modelType.isEmpty ? "not named" : modelType),
            ("classes", classes.isEmpty ? "not named" : classes.joined(separator: ", ")),
            ("encoder", sizes.map { "\($0.value) \($0.name)" }.joined(separator: ", ")),
            ("activation", activation), ("tokenizer", tokenizer),
            (
                "tensors",
                tensors.map {
                    "\($0.tensors) \($0.type) (\(Quantity.count(UInt64($0.elements))))"
                }.joined(separator: ", ")
            ),
            ("weights", Quantity.bytes(UInt64(weightBytes))),
            ("files", weightFiles.joined(separator: "\n")),
        ]
        for tower in towers { facts.append((tower.name + " tower", tower.text)) }
        for warning in warnings { facts.append(("warning", warning)) }
        return FactList.text(facts) + "\n"
    }

    /// The inspection for programs.
    public var document: JSONValue {
        [
            "folder": .string(folder), "architecture": .string(architecture),
            "model_type": .string(modelType), "classes": .strings(classes),
            "sizes": .object(sizes.map { .init($0.name, .integer(UInt64($0.value))) }),
            "activation": .string(activation), "tokenizer": .string(tokenizer),
            "tensors": .array(
                tensors.map {
                    [
                        "dtype": .string($0.type), "tensors": .integer(UInt64($0.tensors)),
                        "elements": .integer(UInt64($0.elements)),
                    ]
                }),
            "weight_files": .strings(weightFiles),
            "weight_bytes": .integer(UInt64(weightBytes)),
            "towers": .array(towers.map(\.document)), "warnings": .strings(warnings),
        ]
    }
}

extension ModelInspection.TowerFacts {
    fileprivate var text: String {
        var lines = ["\(Quantity.count(parameters, "parameter"))"]
        if let dimension { lines.append("vectors of \(dimension)") }
        if let pooling {
            lines.append("pooling \(pooling)" + (normalises ? ", made unit length" : ""))
        }
        lines.append("at most \(Quantity.count(maximumLength, "token"))")
        if !prefix.isEmpty { lines.append("prefix “\(prefix)”") }
        lines += steps
        if let fingerprint { lines.append("fingerprint \(fingerprint)") }
        if !unused.isEmpty { lines.append("unused: " + list(unused)) }
        if !missing.isEmpty { lines.append("missing: " + list(missing)) }
        return lines.joined(separator: "\n")
    }

    private func list(_ names: [String]) -> String {
        let shown = names.prefix(8).joined(separator: ", ")
        return names.count > 8 ? shown + " and \(names.count - 8) more" : shown
    }

    fileprivate var document: JSONValue {
        let document: JSONValue = [
            "name": .string(name), "parameters": .integer(UInt64(parameters)),
            "dimension": dimension.map { .integer(UInt64($0)) } ?? .null,
            "maximum_length": .integer(UInt64(maximumLength)),
            "pooling": pooling.map { .string($0) } ?? .null, "normalises": .bool(normalises),
            "prefix": .string(prefix), "fingerprint": fingerprint.map { .string($0) } ?? .null,
            "unused_tensors": .strings(unused), "missing_tensors": .strings(missing),
        ]
        return document.with("steps", steps.isEmpty ? nil : .strings(steps))
    }
}

extension ModelConversion.Written {
    /// What was written, for people.
    public var text: String {
        let left = leftOut.isEmpty ? "" : "; left out: " + leftOut.joined(separator: ", ")
        return
            "\(folder): \(Quantity.count(tensors, "tensor")), "
            + Quantity.bytes(UInt64(bytes)) + left
    }

    /// What was written, for programs.
    public var document: JSONValue {
        [
            "folder": .string(folder), "tensors": .integer(UInt64(tensors)),
            "bytes": .integer(UInt64(bytes)), "left_out": .strings(leftOut),
        ]
    }
}
