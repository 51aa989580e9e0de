import ClusterRuntime
import Corpus

extension ClusterClient {
    func passages(_ ids: [String], of collection: String) async throws -> [Passage?] {
        throw ClusterError.internal("not there yet")
    }
}

extension TRECRun {
    static func text(of list: RankedList) throws(CorpusError) -> String {
        list.entries.enumerated().map { index, entry in
            "\(list.questionID) Q0 \(entry.id) \(index + 1) \(entry.score) sheaf\n"
        }.joined()
    }
}

extension DPRResults {
    static func text(of list: RankedList) throws(CorpusError) -> String {
        let document: JSONDocument = [
            "question": .string(list.question), "answers": .strings(list.answers),
            "ctxs": .array(
                list.entries.map { entry in
                    var members: [JSONDocument.Member] = [
                        .init("id", .string(entry.id)), .init("title", .string(entry.title)),
                        .init("text", .string(entry.text)),
                        .init("score", .string("\(entry.score)")),
                    ]
                    if let flag = entry.hasAnswer {
                        members.append(.init("has_answer", .bool(flag)))
                    }
                    return .object(members)
                }),
        ]
        return document.text
    }
}
