/// A function or initializer as the sources declare it.
struct Declaration {
    /// The function, or the type that is made.
    var name: String
    /// Labels of its parameters, and whether each may be left out.
    var parameters: [(label: String, hasDefault: Bool)] = []

    /// Whether a call that is written `name(label:label:)` may mean it.
    func fits(_ labels: [String]) -> Bool {
        var rest = labels[...]
        for parameter in parameters {
            if parameter.label == rest.first {
                rest.removeFirst()
            } else if !parameter.hasDefault {
                return false
            }
        }
        return rest.isEmpty
    }

    /// Those of the sources, by name.
    static let all = Dictionary(grouping: Repository.sources.flatMap(declarations), by: \.name)

    private static func declarations(in file: Repository.File) -> [Declaration] {
        // An initializer belongs to the type that its file is named by.
        let type = file.path.split(separator: "/").last?.prefix { $0 != "." && $0 != "+" } ?? ""
        return file.text.matches(of: /(func (\w+)|\binit)(<[^(]*>)?\(/).map { match in
            Declaration(
                name: match.2.map(String.init) ?? String(type),
                parameters: parts(file.text[match.range.upperBound...]).map { part in
                    (String(part.prefix { $0 != " " && $0 != ":" }), part.contains(" = "))
                })
        }
    }

    /// The parameters up to the parenthesis that closes their list.
    private static func parts(_ text: Substring) -> [String] {
        var parts = [""]
        var depth = 0
        for character in text {
            switch character {
            case "(", "[", "{": depth += 1
            case ")" where depth == 0:
                return parts.map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
                    .filter { !$0.isEmpty }
            case ")", "]", "}": depth -= 1
            default: break
            }
            if character == ",", depth == 0 {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
        }
        return []
    }
}
