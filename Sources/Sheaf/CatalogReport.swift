public import ClusterRuntime
public import Formats

extension Cluster {
    /// Makes the catalog of a data folder good again from the manifests and segments beside it,
    /// while no cluster runs on it; a damaged one is kept aside.
    ///
    ///     print(try Cluster.rebuildCatalog(.resolve(nil)).text)
    public static func rebuildCatalog(_ data: DataFolder) throws(SheafError) -> CatalogReport {
        do {
            return CatalogReport(try CatalogRebuild.run(data))
        } catch {
            throw SheafError(error)
        }
    }
}

/// What became of a catalog, as people and programs read it.
public struct CatalogReport: Equatable, Sendable {
    private let report: CatalogRebuild.Report

    init(_ report: CatalogRebuild.Report) { self.report = report }

    /// The report for people: a line for each collection.
    public var text: String {
        var lines: [String] = []
        if let kept = report.kept.first {
            lines.append("the damaged catalog is kept as \(kept)")
        } else if report.collections.contains(where: \.isEntered) {
            lines.append("the catalog was sound but for these rows")
        } else {
            lines.append("the catalog is sound")
        }
        for item in report.collections {
            if let problem = item.problem {
                lines.append("“\(item.name)” is not entered: \(problem)")
                continue
            }
            let missing = item.segments - item.segmentsHere
            lines.append(
                "“\(item.name)”\(item.isEntered ? " is entered" : ""): "
                    + "\(Quantity.count(item.passages, "passage")) in "
                    + Quantity.count(UInt64(item.segments), "segment")
                    + (missing == 0 ? "" : ", \(missing) of them not in this folder"))
        }
        if report.collections.contains(where: \.isEntered) {
            lines.append(
                "Run the `sheaf index` commands that made them again: each checks every segment"
                    + " and makes anew what is missing.")
        }
        return lines.joined(separator: "\n")
    }

    /// The report for programs.
    public var document: JSONValue {
        [
            "kept": .strings(report.kept),
            "collections": .array(
                report.collections.map {
                    [
                        "name": .string($0.name), "entered": .bool($0.isEntered),
                        "generation": .integer($0.generation), "passages": .integer($0.passages),
                        "segments": .integer(UInt64($0.segments)),
                        "segments_here": .integer(UInt64($0.segmentsHere)),
                        "problem": $0.problem.map { .string($0) } ?? .null,
                    ]
                }),
        ]
    }
}
