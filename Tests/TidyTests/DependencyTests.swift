import Testing

/// Who may use what: the manifest and the sources agree, and arrows point one way.
struct DependencyTests {
    /// C modules that wrap something of others': each has one target that speaks to it.
    private static let wrapped: [String: String] = [
        "COpenBLAS": "Tensors", "CZeroMQ": "ClusterRuntime", "CZlib": "Formats",
        "CClusterProtocol": "ClusterRuntime", "CFaiss": "VectorIndex",
    ]

    /// What comes with the toolchain; every other module is declared.
    private static let toolchain: Set = [
        "Dispatch", "Foundation", "FoundationNetworking", "Glibc", "Synchronization", "Testing",
    ]

    /// The modules of this package and its dependencies that a file imports, with the access level.
    ///
    /// One that no target has is among them: a build folder keeps the modules of targets that are
    /// gone, so that only a fresh build would miss it.
    private func imports(_ file: Repository.File) -> [(access: String, module: String)] {
        file.lines.compactMap { line in
            let words = line.split(separator: " ").map(String.init).filter { !$0.hasPrefix("@") }
            guard let place = words.firstIndex(of: "import"), place <= 1, words.count > place + 1,
                words[place + 1].allSatisfy({ $0.isLetter || $0.isNumber }),
                !Self.toolchain.contains(words[place + 1])
            else { return nil }
            return (place == 1 ? words[0] : "internal", words[place + 1])
        }
    }

    @Test func `the manifest was understood`() {
        #expect(Target.all.count > 20)
        #expect(Target.all.first { $0.name == "Sheaf" }?.dependencies.contains("Corpus") == true)
    }

    @Test func `a target depends only on targets before it`() {
        var before: Set<String> = []
        for target in Target.all {
            let ours = target.dependencies.filter { name in Target.all.contains { $0.name == name }
            }
            let later = ours.filter { !before.contains($0) }
            #expect(later.isEmpty, "\(target.name) depends on \(later), which come later")
            before.insert(target.name)
        }
    }

    @Test(arguments: Repository.sources + Repository.tests)
    func `an imported module is a declared dependency`(file: Repository.File) {
        let declared = Target.all.first { $0.folder == file.target }?.dependencies ?? []
        for item in imports(file) {
            #expect(
                declared.contains(item.module),
                "\(file) imports \(item.module), which \(file.target) does not declare")
        }
    }

    @Test(arguments: Repository.sources)
    func `a wrapped C module is imported by its one target, internally`(file: Repository.File) {
        for item in imports(file) {
            guard let owner = Self.wrapped[item.module] else { continue }
            #expect(owner == file.target, "\(file) imports \(item.module); ask \(owner)")
            #expect(item.access == "internal", "\(file) shows \(item.module) to others")
        }
    }

    @Test func `every target above the rim checks its memory`() throws {
        let manifest = try #require(Repository.file("Package.swift")?.text)
        for name in ["Corpus", "Tokenizers", "Evaluation", "ClusterCore", "Sheaf", "SheafCLI"] {
            let start = try #require(
                manifest.firstRange(of: "name: \"\(name)\",\n")?.upperBound
                    ?? manifest.firstRange(of: "name: \"\(name)\", ")?.upperBound)
            let settings = manifest[start...].firstMatch(of: /swiftSettings: (\w+)/)
            #expect(settings?.1 == "aboveTheRim", "\(name)")
        }
    }
}
