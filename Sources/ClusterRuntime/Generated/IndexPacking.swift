// Written by scripts/generate-proto from proto/; not by hand.

import CClusterProtocol
import ClusterCore

extension IndexRequest: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName),  // collection
        FieldLimits(.bytes(4_096), canBeEmpty: true, count: 65_536),  // paths
        FieldLimits(.bytes(256), canBeEmpty: true),  // format
        FieldLimits(.bytes(4_096), canBeEmpty: true),  // question_model
        FieldLimits(.bytes(4_096), canBeEmpty: true),  // context_model
        FieldLimits(.atMost(4_096)),  // shards
        FieldLimits(.atMost(65_536)),  // batch_size
        FieldLimits(.any),  // skip_malformed
        FieldLimits(.message(EncoderSettings.limits)),  // encoder
        FieldLimits(.message(IndexSettings.limits)),  // index
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__IndexRequest>) {
        sheaf__v1__index_request__init(c)
    }

    func fill(_ c: inout Sheaf__V1__IndexRequest) throws(WireError) {
        try Pack.text(collection, of: "IndexRequest", &c.collection)
        try Pack.texts(paths, of: "IndexRequest", &c.paths, &c.n_paths)
        try Pack.text(format, of: "IndexRequest", &c.format)
        try Pack.text(questionModel, of: "IndexRequest", &c.question_model)
        try Pack.text(contextModel, of: "IndexRequest", &c.context_model)
        try Pack.message(encoder, unless: EncoderSettings(), &c.encoder)
        try Pack.message(index, unless: IndexSettings(), &c.index)
        c.shards = shards
        c.batch_size = batchSize
        c.skip_malformed = skipMalformed ? 1 : 0
    }

    init(_ c: Sheaf__V1__IndexRequest) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "IndexRequest.collection"),
            paths: Unpack.texts(c.paths, c.n_paths, "IndexRequest.paths"),
            format: Unpack.text(c.format, "IndexRequest.format"),
            questionModel: Unpack.text(c.question_model, "IndexRequest.question_model"),
            contextModel: Unpack.text(c.context_model, "IndexRequest.context_model"),
            encoder: Unpack.message(c.encoder) ?? EncoderSettings(),
            index: Unpack.message(c.index) ?? IndexSettings(),
            shards: c.shards,
            batchSize: c.batch_size,
            skipMalformed: c.skip_malformed != 0)
    }
}

extension Healing: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.atMost(67_108_864)),  // segments_missing
        FieldLimits(.atMost(67_108_864)),  // segments_damaged
        FieldLimits(.atMost(67_108_864)),  // copies_lost
        FieldLimits(.atMost(67_108_864)),  // copies_found
        FieldLimits(.atMost(67_108_864)),  // manifests
        FieldLimits(.atMost(67_108_864)),  // rows
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__Healing>) {
        sheaf__v1__healing__init(c)
    }

    func fill(_ c: inout Sheaf__V1__Healing) throws(WireError) {
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

extension IndexProgress: Packable {
    static let limits: [FieldLimits] = [
        FieldLimits(.collectionName, canBeEmpty: true),  // collection
        FieldLimits(.any),  // state
        FieldLimits(.atMost(4_398_046_511_104)),  // passages_total
        FieldLimits(.atMost(4_398_046_511_104)),  // passages_committed
        FieldLimits(.atMost(67_108_864)),  // batches_total
        FieldLimits(.atMost(67_108_864)),  // batches_committed
        FieldLimits(.atMost(281_474_976_710_655)),  // batches_repeated
        FieldLimits(.atMost(281_474_976_710_655)),  // skipped_lines
        FieldLimits(.atMost(65_536)),  // workers
        FieldLimits(.atMost(281_474_976_710_655)),  // generation
        FieldLimits(.bytes(1_048_576), canBeEmpty: true),  // note
        FieldLimits(.any),  // already_complete
        FieldLimits(.atMost(281_474_976_710_655)),  // passages_encoded
        FieldLimits(.message(Healing.limits)),  // healing
        FieldLimits(.bytes(1_048_576), canBeEmpty: true, count: 64),  // notes
        FieldLimits(.message(Cuts.limits)),  // cuts
    ]

    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__IndexProgress>) {
        sheaf__v1__index_progress__init(c)
    }

    func fill(_ c: inout Sheaf__V1__IndexProgress) throws(WireError) {
        try Pack.text(collection, of: "IndexProgress", &c.collection)
        c.state = Sheaf__V1__IndexState(UInt32(bitPattern: state.rawValue))
        c.passages_total = passagesTotal
        c.passages_committed = passagesCommitted
        c.batches_total = batchesTotal
        c.batches_committed = batchesCommitted
        c.batches_repeated = batchesRepeated
        c.skipped_lines = skippedLines
        c.workers = workers
        try Pack.message(cuts, unless: Cuts(), &c.cuts)
        c.generation = generation
        try Pack.text(note, of: "IndexProgress", &c.note)
        c.already_complete = alreadyComplete ? 1 : 0
        c.passages_encoded = passagesEncoded
        try Pack.message(healing, unless: Healing(), &c.healing)
        try Pack.texts(notes, of: "IndexProgress", &c.notes, &c.n_notes)
    }

    init(_ c: Sheaf__V1__IndexProgress) throws(WireError) {
        try self.init(
            collection: Unpack.text(c.collection, "IndexProgress.collection"),
            state: Unpack.choice(c.state.rawValue, "IndexProgress.state"),
            passagesTotal: c.passages_total,
            passagesCommitted: c.passages_committed,
            batchesTotal: c.batches_total,
            batchesCommitted: c.batches_committed,
            batchesRepeated: c.batches_repeated,
            skippedLines: c.skipped_lines,
            workers: c.workers,
            cuts: Unpack.message(c.cuts) ?? Cuts(),
            generation: c.generation,
            note: Unpack.text(c.note, "IndexProgress.note"),
            alreadyComplete: c.already_complete != 0,
            passagesEncoded: c.passages_encoded,
            healing: Unpack.message(c.healing) ?? Healing(),
            notes: Unpack.texts(c.notes, c.n_notes, "IndexProgress.notes"))
    }
}
