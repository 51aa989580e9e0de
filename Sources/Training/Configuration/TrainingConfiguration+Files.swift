import Corpus
import Foundation
import Yams

extension TrainingConfiguration {
    /// The settings that a file and overrides name; all others keep those of `base`.
    ///
    /// The file is YAML (JSON is YAML too). Its keys are the names of the properties here, sections
    /// are tables: `optimizer: {learningRate: 2e-5}`. Overrides name them with dots
    /// (`optimizer.learningRate`) and come after the file; lists are parted by commas.
    ///
    /// - Throws: `TrainingError.invalidSetting` where a name is not known or a value does not fit,
    ///   `cannotRead` where the file cannot be read.
    public static func read(
        file: String? = nil, overrides: [(name: String, value: String)] = [],
        base: TrainingConfiguration = TrainingConfiguration()
    ) throws(TrainingError) -> TrainingConfiguration {
        var tree: [String: Any] = [:]
        if let file {
            guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw .cannotRead(path: file, reason: "it is not there, or no text in UTF-8")
            }
            do {
                if let loaded = try Yams.compose(yaml: text) {
                    tree = try Self.tree(of: loaded, path: "")
                }
            } catch let error as TrainingError {
                throw error
            } catch {
                throw .cannotRead(path: file, reason: "it is not YAML (\(error))")
            }
        }
        for (name, value) in overrides {
            try Self.set(name.split(separator: ".").map(String.init), value, in: &tree, name: name)
        }
        return try base.changed(by: tree)
    }

    /// All settings as YAML, in the order of their names.
    public func yaml() throws(TrainingError) -> String {
        let tree = try Self.encoded(self)
        func lines(_ table: [String: Any], _ indent: String) -> String {
            table.keys.sorted().map { key in
                switch table[key] {
                case let nested as [String: Any]:
                    return "\(indent)\(key):\n" + lines(nested, indent + "  ")
                case let list as [Any]:
                    let items = list.map { Self.scalar($0) }.joined(separator: ", ")
                    return "\(indent)\(key): [\(items)]\n"
                case let value?: return "\(indent)\(key): \(Self.scalar(value))\n"
                case nil: return ""
                }
            }.joined()
        }
        return lines(tree, "")
    }

    /// All settings as texts by their names with dots, as `read(file:overrides:base:)` takes them.
    func values() throws(TrainingError) -> [String: String] {
        let tree = try Self.encoded(self)
        var values: [String: String] = [:]
        func add(_ table: [String: Any], _ path: String) {
            for (key, value) in table {
                switch value {
                case let nested as [String: Any]: add(nested, path + key + ".")
                case let list as [Any]:
                    values[path + key] = list.map { "\($0)" }.joined(separator: ",")
                default: values[path + key] = Self.scalar(value)
                }
            }
        }
        add(tree, "")
        return values
    }

    private static func scalar(_ value: Any) -> String {
        if value is NSNull { return "null" }
        if let text = value as? String {
            return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
        guard let number = value as? NSNumber else { return "\(value)" }
        return isBoolean(number) ? (number.boolValue ? "true" : "false") : "\(number)"
    }

    private static func isBoolean(_ number: NSNumber) -> Bool {
        String(cString: number.objCType) == "c"
    }

    private static func encoded(
        _ configuration: TrainingConfiguration
    ) throws(TrainingError) -> [String: Any] {
        guard let data = try? JSONEncoder().encode(configuration),
            let tree = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
        else {
            throw .invalidSetting(
                name: "configuration", reason: "holds a number that is not finite")
        }
        return tree
    }

    /// A YAML node as tables, lists and the texts of scalars.
    private static func tree(of node: Node, path: String) throws -> [String: Any] {
        guard case .mapping(let mapping) = node else {
            throw TrainingError.invalidSetting(
                name: path.isEmpty ? "configuration" : path, reason: "is no table of settings")
        }
        var tree: [String: Any] = [:]
        for (key, value) in mapping {
            let name = key.string ?? ""
            let place = path.isEmpty ? name : path + "." + name
            guard tree[name] == nil else {
                throw TrainingError.invalidSetting(name: place, reason: "is given twice")
            }
            switch value {
            case .mapping: tree[name] = try self.tree(of: value, path: place)
            case .sequence(let items): tree[name] = items.map { $0.scalar?.string ?? "" }
            case .scalar(let scalar): tree[name] = scalar.string
            case .alias:
                throw TrainingError.invalidSetting(name: place, reason: "is a YAML alias")
            }
        }
        return tree
    }

    private static func set(
        _ path: [String], _ value: String, in tree: inout [String: Any], name: String
    ) throws(TrainingError) {
        guard let first = path.first else {
            throw .invalidSetting(name: name, reason: "is no name of a setting")
        }
        guard path.count > 1 else {
            tree[first] = value
            return
        }
        var inner = tree[first] as? [String: Any] ?? [:]
        try set(Array(path.dropFirst()), value, in: &inner, name: name)
        tree[first] = inner
    }

    /// These settings with those of a tree in their place.
    private func changed(by tree: [String: Any]) throws(TrainingError) -> TrainingConfiguration {
        var own = try Self.encoded(self)
        try Self.merge(tree, into: &own, path: "")
        if let changed = Self.decoded(own) { return changed }
        // One setting at a time: decoders do not always say which one they refuse.
        for (path, value) in Self.leaves(of: tree) {
            var own = try Self.encoded(self)
            try Self.merge(Self.tree(of: path, value), into: &own, path: "")
            if Self.decoded(own) == nil {
                throw .invalidSetting(
                    name: path.joined(separator: "."),
                    reason: SettingChoices.reason(value, for: path.joined(separator: ".")))
            }
        }
        throw .invalidSetting(name: "configuration", reason: "cannot be read")
    }

    private static func decoded(_ tree: [String: Any]) -> TrainingConfiguration? {
        guard let data = try? JSONSerialization.data(withJSONObject: tree) else { return nil }
        return try? JSONDecoder().decode(TrainingConfiguration.self, from: data)
    }

    /// The values of a tree, each with the names that lead to it.
    private static func leaves(of tree: [String: Any]) -> [(path: [String], value: Any)] {
        tree.sorted { $0.key < $1.key }.flatMap { key, value in
            guard let inner = value as? [String: Any] else { return [(path: [key], value: value)] }
            return leaves(of: inner).map { ([key] + $0.path, $0.value) }
        }
    }

    /// A tree of one value.
    private static func tree(of path: [String], _ value: Any) -> [String: Any] {
        guard let first = path.first else { return [:] }
        let rest = Array(path.dropFirst())
        return [first: rest.isEmpty ? value : tree(of: rest, value)]
    }

    private static func merge(
        _ tree: [String: Any], into own: inout [String: Any], path: String
    ) throws(TrainingError) {
        for (key, value) in tree {
            let place = path.isEmpty ? key : path + "." + key
            guard let current = own[key] else {
                throw .invalidSetting(name: place, reason: try noSetting(place, among: own.keys))
            }
            if var inner = current as? [String: Any] {
                guard let table = value as? [String: Any] else {
                    throw .invalidSetting(name: place, reason: "is a table of settings")
                }
                try merge(table, into: &inner, path: place)
                own[key] = inner
                continue
            }
            own[key] = try converted(value, like: current, place: place)
        }
    }

    /// Why a name is refused: with the setting that is meant, else with those of its section.
    private static func noSetting(
        _ name: String, among section: some Sequence<String>
    ) throws(TrainingError) -> String {
        let all = try TrainingConfiguration().values().keys.sorted()
        if let nearest = NearestName.of(name, among: all) {
            return "is no setting; did you mean \(nearest)?"
        }
        return "is no setting; here are \(section.sorted().joined(separator: ", "))"
    }

    /// A text as the kind of value that stands in its place.
    private static func converted(
        _ value: Any, like current: Any, place: String
    ) throws(TrainingError) -> Any {
        if current is [Any] {
            let texts =
                (value as? [Any])?.map { "\($0)" }
                ?? "\(value)".split(separator: ",").map { String($0) }
            guard place == "data.rates" else { return texts }
            var numbers: [Double] = []
            for text in texts {
                guard let number = Double(text.trimmingCharacters(in: .whitespaces)) else {
                    throw .invalidSetting(
                        name: place, reason: "holds “\(text)”, which is no number")
                }
                numbers.append(number)
            }
            return numbers
        }
        guard let text = value as? String else {
            throw .invalidSetting(name: place, reason: "is one value, not several")
        }
        if current is NSNull { return text == "null" ? NSNull() : text }
        guard let number = current as? NSNumber, !(current is String) else { return text }
        if isBoolean(number) {
            switch text.lowercased() {
            case "true", "yes", "on": return true
            case "false", "no", "off": return false
            default: throw .invalidSetting(name: place, reason: "is “\(text)”, not true or false")
            }
        }
        if let whole = Int64(text) { return whole }
        guard let real = Double(text), real.isFinite else {
            throw .invalidSetting(name: place, reason: "is “\(text)”, which is no number")
        }
        return real
    }
}
