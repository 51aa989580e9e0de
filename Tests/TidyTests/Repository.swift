import Foundation

/// The project's own files, read as text.
enum Repository {
    /// The root of the repository.
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// A file with its lines.
    struct File: CustomStringConvertible {
        /// Relative to the root.
        var path: String
        var text: String

        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
        var description: String { path }

        /// The target it belongs to: the second part of `Sources/TARGET/…`.
        var target: String {
            let parts = path.split(separator: "/")
            return parts.count > 2 ? String(parts[1]) : ""
        }
    }

    /// The files under a folder whose names end in one of `endings`, in the order of their paths.
    static func files(under folder: String, endings: [String]) -> [File] {
        let names = FileManager.default.enumerator(atPath: "\(root)/\(folder)")
        return (names?.compactMap { $0 as? String } ?? []).sorted()
            .filter { name in endings.contains { name.hasSuffix($0) } }
            .compactMap { file("\(folder)/\($0)") }
    }

    /// One file; nil where it is not there or no text.
    static func file(_ path: String) -> File? {
        (try? String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)).map {
            File(path: path, text: $0)
        }
    }

    /// Whether something stands at a path.
    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(root)/\(path)")
    }

    static let sources = files(under: "Sources", endings: [".swift"])
    static let tests = files(under: "Tests", endings: [".swift"])

    /// C and C++ of ours; what protoc-c wrote is not.
    static let native = files(under: "Sources", endings: [".c", ".h", ".cpp"])
        .filter { !$0.path.contains(".pb-c.") }

    /// Files without an ending under `scripts/` and `.ci/`, and those of bash.
    static let scripts = ["scripts", ".ci"].flatMap { folder in
        files(under: folder, endings: [""]).filter {
            $0.text.hasPrefix("#!") || $0.path.hasSuffix(".sh")
        }
    }

    static let documents =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].compactMap(file)
        + files(under: "docs", endings: [".md"])
}

/// A target of Package.swift with what it depends on.
struct Target {
    var name: String
    /// Its folder's name under `Sources/` or `Tests/`.
    var folder: String
    var isSystem: Bool
    var dependencies: [String]

    /// The targets of the manifest in their order.
    static let all: [Target] = {
        let manifest = Repository.file("Package.swift")?.text ?? ""
        let pattern = /\.(systemLibrary|target|executableTarget|testTarget)\(\s*name: "(\w+)"/
        let starts = manifest.matches(of: pattern)
        return starts.enumerated().map { index, match in
            let end =
                index + 1 < starts.count ? starts[index + 1].range.lowerBound : manifest.endIndex
            let body = manifest[match.range.upperBound..<end]
            let folder = body.firstMatch(of: /path: "Tests\/(\w+)"/)?.1 ?? match.2
            return Target(
                name: String(match.2), folder: String(folder), isSystem: match.1 == "systemLibrary",
                dependencies: names(in: body))
        }
    }()

    private static func names(in body: Substring) -> [String] {
        guard let list = body.firstMatch(of: /dependencies: \[([^\]]*)\]/)?.1 else { return [] }
        return list.matches(of: /"(\w+)"|\.product\(name: "(\w+)"/).compactMap {
            ($0.1 ?? $0.2).map(String.init)
        }.filter { $0 != "swift" }
    }
}
