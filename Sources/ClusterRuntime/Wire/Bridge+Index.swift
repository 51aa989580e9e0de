// Protocol buffers in C and back: index messages.

import CClusterProtocol
import ClusterCore

extension IndexRequest: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__IndexRequest>) {
        sheaf__v1__index_request__init(c)
    }

    func fill(_ c: inout Sheaf__V1__IndexRequest, _ arena: PackArena) {
        c.collection = arena.string(collection)
        (c.n_paths, c.paths) = arena.strings(paths)
        c.format = arena.string(format)
        c.question_model = arena.string(questionModel)
        c.context_model = arena.string(contextModel)
        c.encoder = arena.message(encoder, unless: EncoderSettings())
        c.index = arena.message(index, unless: IndexSettings())
        c.shards = shards
        c.batch_size = batchSize
        c.skip_malformed = skipMalformed ? 1 : 0
    }

    init(_ c: Sheaf__V1__IndexRequest) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "IndexRequest.collection"),
            paths: try Unpack.texts(c.paths, c.n_paths, "IndexRequest.paths"),
            format: try Unpack.text(c.format, "IndexRequest.format"),
            questionModel: try Unpack.text(c.question_model, "IndexRequest.question_model"),
            contextModel: try Unpack.text(c.context_model, "IndexRequest.context_model"),
            encoder: try Unpack.message(c.encoder) ?? EncoderSettings(),
            index: try Unpack.message(c.index) ?? IndexSettings(),
            shards: c.shards,
            batchSize: c.batch_size,
            skipMalformed: c.skip_malformed != 0)
    }
}

extension Healing: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Healing>) {
        sheaf__v1__healing__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Healing, _ arena: PackArena) {
        c.segments_missing = segmentsMissing
        c.segments_damaged = segmentsDamaged
        c.copies_lost = copiesLost
        c.copies_found = copiesFound
        c.manifests = manifests
        c.rows = rows
    }

    init(_ c: Sheaf__V1__Healing) throws(WireError) {
        self.init(
            segmentsMissing: c.segments_missing,
            segmentsDamaged: c.segments_damaged,
            copiesLost: c.copies_lost,
            copiesFound: c.copies_found,
            manifests: c.manifests,
            rows: c.rows)
    }
}

extension IndexProgress: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__IndexProgress>) {
        sheaf__v1__index_progress__init(c)
    }

    func fill(_ c: inout Sheaf__V1__IndexProgress, _ arena: PackArena) {
        c.collection = arena.string(collection)
        c.state = Sheaf__V1__IndexState(UInt32(bitPattern: state.rawValue))
        c.passages_total = passagesTotal
        c.passages_committed = passagesCommitted
        c.batches_total = batchesTotal
        c.batches_committed = batchesCommitted
        c.batches_repeated = batchesRepeated
        c.skipped_lines = skippedLines
        c.workers = workers
        c.cuts = arena.message(cuts, unless: Cuts())
        c.generation = generation
        c.note = arena.string(note)
        c.already_complete = alreadyComplete ? 1 : 0
        c.passages_encoded = passagesEncoded
        c.healing = arena.message(healing, unless: Healing())
        (c.n_notes, c.notes) = arena.strings(notes)
    }

    init(_ c: Sheaf__V1__IndexProgress) throws(WireError) {
        self.init(
            collection: try Unpack.text(c.collection, "IndexProgress.collection"),
            state: try Unpack.choice(c.state.rawValue, "IndexProgress.state"),
            passagesTotal: c.passages_total,
            passagesCommitted: c.passages_committed,
            batchesTotal: c.batches_total,
            batchesCommitted: c.batches_committed,
            batchesRepeated: c.batches_repeated,
            skippedLines: c.skipped_lines,
            workers: c.workers,
            cuts: try Unpack.message(c.cuts) ?? Cuts(),
            generation: c.generation,
            note: try Unpack.text(c.note, "IndexProgress.note"),
            alreadyComplete: c.already_complete != 0,
            passagesEncoded: c.passages_encoded,
            healing: try Unpack.message(c.healing) ?? Healing(),
            notes: try Unpack.texts(c.notes, c.n_notes, "IndexProgress.notes"))
    }
}
