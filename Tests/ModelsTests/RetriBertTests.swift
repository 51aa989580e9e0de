import TestSupport
import Testing

@testable import Models

@Suite("RetriBERT")
struct RetriBertTests {
    @Test(
        arguments: ["retribert_shared", "retribert_separate"].filter {
            Goldens.has("models/\($0)")
        })
    func `both towers give the reference's representations`(name: String) throws {
        let golden = try GoldenCase(name)
        let folder = try goldenModel(name)
        let towers: [(Tower, String, String)] = [
            (.question, "query", "q_reps"), (.context, "doc", "a_reps"),
        ]
        for (tower, suffix, result) in towers {
            let encoder = try TextEncoder.load(folder: folder.path, tower: tower)
            #expect(encoder.kind == .retribert)
            #expect(encoder.dimension == golden.shape(result)[1])
            let batch = try golden.batch(suffix: "_" + suffix)
            let expected = try golden.floats(result)
            #expect(largestDifference(encoder.vectors(batch), expected) < 1e-4, "\(tower)")
        }
    }

    @Test
    func `the towers of a shared encoder differ by their projection`() throws {
        let folder = try goldenModel("retribert_shared")
        let question = try TextEncoder.load(folder: folder.path, tower: .question)
        let context = try TextEncoder.load(folder: folder.path, tower: .context)
        let text = "the red planet"
        let one = question.encode(questions: [text])
        let other = context.encode(passages: [(title: "", text: text)])
        #expect(bits(one) != bits(other))
        #expect(question.fingerprint != context.fingerprint)
        #expect(question.report.unusedTensors == ["project_doc.weight"])
        let both = try ModelFolders.resolve(model: folder.path)
        #expect(both == ModelFolders(question: folder.path, context: folder.path))
    }

    @Test
    func `title and text are joined by a space`() throws {
        let folder = try goldenModel("retribert_shared")
        let encoder = try TextEncoder.load(folder: folder.path, tower: .context)
        let joined = encoder.encode(passages: [(title: "", text: "mars the red planet")])
        let apart = encoder.encode(passages: [(title: "mars", text: "the red planet")])
        #expect(bits(joined) == bits(apart))
    }
}
