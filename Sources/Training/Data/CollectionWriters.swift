import Corpus
import Foundation

/// Gives each different passage an id of its own: the source's where it has one.
struct PassageNumbering {
    private var ids: [PassageIdentity: String] = [:]
    private var owners: [String: PassageIdentity] = [:]

    /// The id, and whether the passage comes for the first time; nil where the source gave this id
    /// to another passage.
    mutating func id(of passage: TrainingPassage) -> (id: String, isNew: Bool)? {
        let identity = passage.identity
        if let known = ids[identity] { return (known, false) }
        var id = passage.id
        if id.isEmpty {
            var number = ids.count + 1
            while owners["p\(number)"] != nil { number += 1 }
            id = "p\(number)"
        }
        if owners[id] != nil { return nil }
        owners[id] = identity
        ids[identity] = id
        return (id, true)
    }
}

/// A BEIR folder.
final class BEIRWriter: ExampleWriter {
    private let path: String
    private let corpus: TextOutput
    private let queries: TextOutput
    private let judgements: TextOutput
    private var numbering = PassageNumbering()

    init(_ path: String, split: String) throws(TrainingError) {
        self.path = path
        try DurableFolder.make(path + "/qrels")
        (corpus, queries, judgements) = try readingCorpus { () throws(CorpusError) in
            let judgements = try TextOutput(path: path + "/qrels/\(split).tsv")
            try judgements.write("query-id\tcorpus-id\tscore\n")
            return (
                try TextOutput(path: path + "/corpus.jsonl"),
                try TextOutput(path: path + "/queries.jsonl"), judgements
            )
        }
    }

    func write(_ example: TrainingExample) throws(TrainingError) {
        var query = "{\"_id\": "
        JSONText.append(example.id, to: &query)
        query += ", \"text\": "
        JSONText.append(example.question, to: &query)
        query += "}\n"
        var documents = ""
        var lines = ""
        for (list, isPositive) in [
            (example.positives, true), (example.hardNegatives, false), (example.negatives, false),
        ] {
            for passage in list {
                guard let (id, isNew) = numbering.id(of: passage) else {
                    throw .unwritable(
                        path: path, reason: "two different passages have the id “\(passage.id)”")
                }
                if isPositive { lines += "\(example.id)\t\(id)\t1\n" }
                guard isNew else { continue }
                documents += "{\"_id\": "
                JSONText.append(id, to: &documents)
                documents += ", \"title\": "
                JSONText.append(passage.title, to: &documents)
                documents += ", \"text\": "
                JSONText.append(passage.text, to: &documents)
                documents += "}\n"
            }
        }
        let (text, judged) = (documents, lines)
        let asked = query
        try readingCorpus { () throws(CorpusError) in
            try corpus.write(text)
            try queries.write(asked)
            try judgements.write(judged)
        }
    }

    func finish() throws(TrainingError) {
        try readingCorpus { () throws(CorpusError) in
            try corpus.finish()
            try queries.finish()
            try judgements.finish()
        }
    }
}

/// An MS MARCO folder.
final class MSMARCOWriter: ExampleWriter {
    private let path: String
    private let corpus: TextOutput
    private let queries: TextOutput
    private let judgements: TextOutput
    private var numbering = PassageNumbering()

    init(_ path: String, split: String) throws(TrainingError) {
        self.path = path
        try DurableFolder.make(path)
        (corpus, queries, judgements) = try readingCorpus { () throws(CorpusError) in
            (
                try TextOutput(path: path + "/collection.tsv"),
                try TextOutput(path: path + "/queries.\(split).tsv"),
                try TextOutput(path: path + "/qrels.\(split).tsv")
            )
        }
    }

    func write(_ example: TrainingExample) throws(TrainingError) {
        try check(example.question, of: "question", example.id)
        var documents = ""
        var lines = ""
        for (list, isPositive) in [
            (example.positives, true), (example.hardNegatives, false), (example.negatives, false),
        ] {
            for passage in list {
                guard let (id, isNew) = numbering.id(of: passage) else {
                    throw .unwritable(
                        path: path, reason: "two different passages have the id “\(passage.id)”")
                }
                try check(passage.joined, of: "passage", id)
                if isPositive { lines += "\(example.id)\t0\t\(id)\t1\n" }
                if isNew { documents += "\(id)\t\(passage.joined)\n" }
            }
        }
        let (text, judged) = (documents, lines)
        try readingCorpus { () throws(CorpusError) in
            try corpus.write(text)
            try queries.write("\(example.id)\t\(example.question)\n")
            try judgements.write(judged)
        }
    }

    private func check(
        _ text: String, of what: String, _ id: String
    ) throws(TrainingError) {
        guard text.unicodeScalars.contains(where: { "\t\n\r".unicodeScalars.contains($0) })
        else { return }
        throw .unwritable(path: path, reason: "the \(what) “\(id)” holds a tab or a line feed")
    }

    func finish() throws(TrainingError) {
        try readingCorpus { () throws(CorpusError) in
            try corpus.finish()
            try queries.finish()
            try judgements.finish()
        }
    }
}
