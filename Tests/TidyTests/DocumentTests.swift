import Foundation
import Testing

/// What the documents and scripts say is so.
struct DocumentTests {
    @Test func `the documents are there`() {
        #expect(
            Repository.documents.map(\.path).starts(with: [
                "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/answers.md",
                "docs/simple-transformers.md",
            ]))
    }

    @Test(arguments: Repository.documents)
    func `a file that is named exists`(document: Repository.File) {
        let known = ["Sources/", "Tests/", "scripts/", "cluster/", "proto/", ".ci/"]
        for (number, line) in document.lines.enumerated() {
            for match in line.matches(of: /`([^`\s]+)`/) {
                let name = String(match.1)
                if known.contains(where: name.hasPrefix), !name.contains("*") {
                    #expect(Repository.exists(name), "\(document):\(number + 1) names \(name)")
                } else if name.hasSuffix(".swift"), !name.contains("*") {
                    let isThere = (Repository.sources + Repository.tests).contains {
                        $0.path.hasSuffix("/" + name)
                    }
                    #expect(
                        isThere || Repository.exists(name),
                        "\(document):\(number + 1) names \(name)")
                }
            }
        }
    }

    @Test func `what a call may leave out is what has a default`() {
        let declaration = Declaration(
            name: "f", parameters: [("_", false), ("in", false), ("count", true)])
        #expect(declaration.fits(["_", "in"]) && declaration.fits(["_", "in", "count"]))
        #expect(!declaration.fits(["_"]) && !declaration.fits(["_", "count"]))
        #expect(!declaration.fits(["_", "in", "k"]))
    }

    @Test(arguments: Repository.documents)
    func `a call that is named is declared`(document: Repository.File) {
        for match in document.text.matches(of: /`(?:\w+\.)*(\w+)\(((?:\w+:)+)\)`/) {
            let labels = match.2.split(separator: ":").map(String.init)
            let known = Declaration.all[String(match.1)] ?? []
            #expect(known.contains { $0.fits(labels) }, "\(document) names \(match.0)")
        }
    }

    @Test(arguments: Repository.documents)
    func `a link within the repository leads somewhere`(document: Repository.File) {
        for match in document.text.matches(of: /\]\(([^)#\s]+)\)/) where !match.1.contains("://") {
            #expect(Repository.exists(String(match.1)), "\(document) links to \(match.1)")
        }
    }

    @Test func `every room is walked through`() throws {
        let text = try #require(Repository.file("ARCHITECTURE.md")?.text)
        for target in Target.all where !target.name.hasSuffix("Tests") {
            #expect(
                text.contains("**\(target.name)**"),
                "ARCHITECTURE.md does not introduce \(target.name)")
        }
        for match in text.matches(of: /\*\*(\w+)\*\*/) {
            #expect(
                Target.all.contains { $0.name == match.1 },
                "ARCHITECTURE.md introduces \(match.1), which is no target")
        }
    }

    @Test(arguments: Repository.scripts.filter { $0.text.hasPrefix("#!") })
    func `a script says what it does and stops at the first fault`(script: Repository.File) {
        let head = script.lines.prefix(3).joined(separator: "\n")
        #expect(head.contains("\n# ") || head.contains("\n\"\"\""), "\(script) has no header")
        if script.text.hasPrefix("#!/usr/bin/env bash") {
            #expect(script.text.contains("\nset -euo pipefail\n"), "\(script)")
            #expect(script.text.contains("--help"), "\(script)")
        }
        let attributes = try? FileManager.default.attributesOfItem(
            atPath: "\(Repository.root)/\(script.path)")
        let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue ?? 0
        #expect(mode & 0o111 != 0, "\(script) cannot be executed")
    }

    @Test func `only continuous integration knows what stands beside the checkout`() {
        let folder = "../" + "shared"
        let files =
            Repository.sources + Repository.tests + Repository.scripts + Repository.documents
        for file in files where file.path != ".ci/run" {
            #expect(!file.text.contains(folder), "\(file)")
        }
    }

    @Test func `fixtures stay small`() {
        let folder = "\(Repository.root)/Tests/Fixtures"
        let names = FileManager.default.enumerator(atPath: folder)
        let bytes = (names?.compactMap { $0 as? String } ?? []).reduce(0) { sum, name in
            let facts = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
            let isFile = facts?[.type] as? FileAttributeType == .typeRegular
            return sum + (isFile ? (facts?[.size] as? NSNumber)?.intValue ?? 0 : 0)
        }
        #expect(bytes < 12 << 20, "\(bytes) bytes")
    }
}
