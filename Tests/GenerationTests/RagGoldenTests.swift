import Foundation
import TestSupport
import Testing

@testable import Generation

/// RAG beside transformers 4.41.2, over contexts that the goldens give as token ids.
@Suite("Golden RAG")
struct RagGoldenTests {
    private static func kind(_ name: String) -> RagKind {
        name.hasPrefix("rag_token") ? .token : .sequence
    }

    private static func cases(_ names: String...) -> [String] { names.filter(Goldens.hasCase) }

    private func generator(_ model: String) throws -> Generator {
        try Generator.load(folder: Goldens.path("models/\(model)"))
    }

    private func loss(
        _ kind: RagKind, smoothing: Double = 0, padding: Int32 = 1, beginning: Int32? = 0
    ) -> RagLoss {
        var loss = RagLoss(kind, padding: padding, beginning: beginning)
        loss.smoothing = smoothing
        return loss
    }

    @Test(arguments: cases("rag_sequence", "rag_token"))
    func `a RAG folder's generator gives the reference's losses`(_ name: String) throws {
        let golden = try RagCase(name)
        let generator = try generator(name)
        let labels = try golden.rows("labels")
        let plain = loss(Self.kind(name))
        let expected = try golden.golden.floats("loss").map(Double.init)
        #expect(agree(try losses(generator, golden.contexts, labels, plain), expected, 1e-5))

        let variants = try #require(
            golden.golden.json["loss_variants"] as? [String: [String: Any]])
        #expect(variants.count >= 3)
        for (variant, value) in variants {
            let labels = try #require(value["labels"] as? [[Int]]).map { $0.map(Int32.init) }
            var loss = loss(Self.kind(name), smoothing: variant == "eps0.1" ? 0.1 : 0)
            loss.excludesBeginning = variant == "start_token_exclude_bos"
            let found = try losses(generator, golden.contexts, labels, loss)
            if variant == "reduce" {
                let sum = try #require(value["loss"] as? Double)
                #expect(agree([found.reduce(0, +)], [sum], 1e-5))
            } else {
                let expected = try #require(value["loss"] as? [Double])
                #expect(agree(found, expected, 1e-5), "\(variant): \(found) \(expected)")
            }
        }
    }

    @Test(arguments: cases("rag_sequence", "rag_token"))
    func `answers are the reference's`(_ name: String) throws {
        let golden = try RagCase(name)
        try check(golden, try generator(name), Self.kind(name), padding: 1)
    }

    @Test(arguments: cases("rag_sequence_t5", "rag_token_t5"))
    func `T5 answers and has the losses of its own targets`(_ name: String) throws {
        let golden = try RagCase(name)
        let generator = try generator("t5_relu")
        let kind = Self.kind(name)
        let inputs = try golden.rows("decoder_input_ids")
        for (key, smoothing) in [
            ("loss_prior_counts", 0.0), ("loss_eps0.1_prior_counts", 0.1),
        ] {
            let found = try losses(
                generator, golden.contexts, inputs,
                loss(kind, smoothing: smoothing, padding: 0, beginning: nil))
            let expected = try #require(golden.golden.json[key] as? [Double])
            #expect(agree(found, expected, 1e-5), "\(key): \(found) \(expected)")
        }
        try check(golden, generator, kind, padding: 0)
    }

    private func check(
        _ golden: RagCase, _ generator: Generator, _ kind: RagKind, padding: Int
    ) throws {
        #expect(golden.searches.count >= 3)
        for (name, search) in golden.searches {
            var options = GenerationOptions()
            options.beams = search.arguments["num_beams"] as? Int
            options.returns = search.arguments["num_return_sequences"] as? Int
            options.maximumLength = search.arguments["max_length"] as? Int
            let found = try generator.answers(
                from: golden.contexts, kind, options: options,
                removesDuplicates: search.arguments["do_deduplication"] as? Bool ?? true,
                threads: 2)
            let expected = search.sequences.map { trimmed($0, padding: padding) }
            #expect(found.flatMap { $0 }.map(\.tokens) == expected, "\(name)")
        }
    }

    @Test(.enabled(if: Goldens.hasCase("rag_more_hits")), arguments: RagKind.allCases)
    func `passages that were not found are absent`(_ kind: RagKind) throws {
        let golden = try RagCase("rag_more_hits", found: "found")
        #expect(Set(golden.contexts.map(\.sources.count)).count > 2)
        let generator = try generator("bart_partial")
        let runs = try #require(golden.golden.json["runs"] as? [String: [String: Any]])
        let run = try #require(runs["rag_\(kind.rawValue)"])
        let labels = try golden.rows("labels")
        for (key, smoothing) in [("loss", 0.0), ("loss_eps01", 0.1)] {
            let found = try losses(
                generator, golden.contexts, labels, loss(kind, smoothing: smoothing))
            #expect(agree(found, try #require(run[key] as? [Double]), 1e-5), "\(key)")
        }
        for (key, beams) in [("greedy", 1), ("beam4", 4)] {
            var options = GenerationOptions()
            options.beams = beams
            options.maximumLength = 16
            let found = try generator.answers(from: golden.contexts, kind, options: options)
            let expected = try #require(run[key] as? [[Int]]).map { trimmed($0, padding: 1) }
            #expect(found.compactMap(\.first?.tokens) == expected, "\(key)")
        }
    }

    @Test(.enabled(if: Goldens.hasCase("rag_more_targets")))
    func `short and empty targets keep their prior`() throws {
        let golden = try RagCase("rag_more_targets")
        let generator = try generator("bart_partial")
        let losses = try #require(golden.golden.json["losses"] as? [String: [String: Any]])
        #expect(losses.count >= 20)
        for (key, value) in losses {
            let parts = key.split(separator: ".", maxSplits: 2).map(String.init)
            let labels = try golden.rows("labels.\(parts[1])")
            let smoothing = Double(parts[2].dropFirst("eps".count)) ?? .nan
            let expected = try #require(value["prior_counts"] as? [Double])
            let found = try GenerationTests.losses(
                generator, golden.contexts, labels,
                loss(Self.kind(parts[0]), smoothing: smoothing))
            #expect(agree(found, expected, 1e-5), "\(key): \(found) \(expected)")
        }
    }

    @Test(.enabled(if: Goldens.hasCase("rag_more_posterior")))
    func `posteriors of passages and tokens are the reference's`() throws {
        let golden = try RagCase("rag_more_posterior")
        let generator = try generator("bart_partial")
        let posteriors = try #require(
            golden.golden.json["sequence_posterior"] as? [[[Double]]])
        let logarithms = try #require(golden.golden.json["sequence_logprob"] as? [[Double]])
        for (question, context) in golden.contexts.enumerated() {
            for answer in posteriors[question].indices {
                let tokens = try golden.rows("labels.\(question).\(answer)")
                let found = try generator.weigh(tokens, from: context, .sequence)[0]
                #expect(agree(found.posteriors, posteriors[question][answer], 1e-5))
                #expect(agree([found.logarithm], [logarithms[question][answer]], 1e-5))
                let byToken = try golden.golden.doubles("posterior.token.\(question).\(answer)")
                #expect(agree(Array(found.tokenPosteriors.joined()), byToken, 1e-5))
            }
        }
    }

    @Test(.enabled(if: Goldens.hasCase("rag_tiny_exhaustive")), arguments: RagKind.allCases)
    func `a beam as wide as all sequences finds the best one`(_ kind: RagKind) throws {
        let golden = try RagCase("rag_tiny_exhaustive")
        let generator = try generator("rag_tiny")
        let best = try #require(golden.golden.json["best"] as? [[String: Any]])
        for (question, context) in golden.contexts.enumerated() {
            let rows = try #require(best[question][kind.rawValue] as? [[String: Any]])
            let tokens = try rows.map { row in
                [2] + (try #require(row["tokens"] as? [Int])).map(Int32.init)
            }
            let logarithms = try rows.map { try #require($0["logprob"] as? Double) }
            let weighed = try generator.weigh(tokens, from: context, kind)
            #expect(agree(weighed.map(\.logarithm), logarithms, 1e-5))
            for answer in weighed {
                #expect(abs(answer.posteriors.reduce(0, +) - 1) < 1e-9)
            }

            var options = GenerationOptions()
            options.beams = 600
            options.maximumLength = tokens.map(\.count).max()
            options.lengthPenalty = 0
            options.earlyStopping = .never
            let found = try generator.answers(from: [context], kind, options: options)
            #expect(found[0].first?.tokens == tokens[0])
        }
        try check(golden, generator, kind)
    }

    /// The searches that the case names for one kind.
    private func check(
        _ golden: RagCase, _ generator: Generator, _ kind: RagKind
    ) throws {
        let searches = golden.searches.filter { $0.name.hasPrefix(kind.rawValue) }
        #expect(!searches.isEmpty)
        for (name, search) in searches {
            var options = try #require(search.options)
            options.maximumLength = (golden.golden.json["max_tokens"] as? Int).map { $0 + 1 }
            let found = try generator.answers(from: golden.contexts, kind, options: options)
            let expected = search.sequences.map { trimmed($0, padding: 1) }
            #expect(found.compactMap(\.first?.tokens) == expected, "\(name)")
        }
    }
}
