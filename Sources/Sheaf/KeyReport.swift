import ClusterRuntime
public import Formats

/// The public keys of a folder, as people and programs read them.
public struct KeyReport: Sendable {
    /// What keeps files from letting anybody in.
    public let problems: [String]
    private let keys: [AllowedKey]

    /// Reads a folder; throws where it cannot be read.
    public init(folder: String) throws(SheafError) {
        guard AllowList.files(in: folder) != nil else {
            throw .request(
                "\(folder) is no folder that can be read. Name one that holds NAME.public files.")
        }
        var list = AllowList(folder: folder)
        list.refresh()
        keys = list.keys
        problems = list.problems.sorted { $0.key < $1.key }.map(\.value)
    }

    /// The keys for people.
    public var text: String {
        guard !keys.isEmpty else { return "no keys\n" }
        return TextTable(
            ["name", "role", "fingerprint"],
            keys.map { [$0.name, $0.role.rawValue, $0.fingerprint] }, right: []
        ).text
    }

    /// The keys for programs.
    public var document: JSONValue {
        [
            "keys": .array(
                keys.map {
                    [
                        "name": .string($0.name), "role": .string($0.role.rawValue),
                        "fingerprint": .string($0.fingerprint),
                    ]
                }),
            "problems": .array(problems.map { .string($0) }),
        ]
    }
}
