import TestSupport

extension HostileRun {
    /// Plays the coordinator of a client, and answers whatever it asks with messages of all types;
    /// an honest FAILURE comes last, so that nothing asked waits for long.
    ///
    /// It blocks, while others keep asking.
    ///
    /// - Parameters:
    ///   - endpoints: What is bound for control and query lane.
    package func againstClient(at endpoints: [String], messages count: Int) throws -> Summary {
        // What a client rightly ends on comes seldom, by hand.
        var maker = try HostileMessages(seed: seed, without: ["UNKNOWN", "DRAIN", "WELCOME"])
        maker.dice.known = known
        let lanes = endpoints.map { RawSocket(.router, $0) }
        var fields = HeaderFields()
        (fields.clusterID, fields.epoch, fields.sender) = ("hostile", 7, "coordinator")
        var summary = Summary()
        var quiet = 0
        while summary.sent < count {
            var heard = false
            for (lane, socket) in lanes.enumerated() {
                guard let frames = socket.receive(within: 2), frames.count > 2,
                    let message = ReceivedMessage(Array(frames.dropFirst()))
                else { continue }
                heard = true
                let id = frames[0]
                func answer(_ type: Int, _ payload: [UInt8], _ header: HeaderFields) {
                    socket.send([id] + WireFrames.message(type, payload, header))
                }
                var header = fields
                header.requestID = message.requestID
                if message.type == 1 {
                    answer(2, Self.welcome(to: "client", endpoints), fields)
                    continue
                }
                for _ in 0..<1 + maker.dice.dice.below(12) {
                    let made = maker.next()
                    var disturbed = header
                    maker.disturb(&disturbed, told: ["request": [message.requestID]])
                    if maker.dice.dice.below(4) > 0 { disturbed.requestID = message.requestID }
                    socket.send(
                        [id]
                            + WireFrames.message(made.type, made.payload, raw: made.raw, disturbed))
                    summary.sent += 1
                }
                if lane == 0, maker.dice.dice.once(in: 500) {
                    answer(6, maker.dice.payload("Drain", .hostile), header)
                }
                answer(7, Self.failure, header)
            }
            quiet = heard ? 0 : quiet + 1
            // Clients ask again at once: a minute without a question means that they stand still.
            if quiet > 15_000 {
                summary.alwaysAnswered = false
                return summary
            }
        }
        return summary
    }

    /// Sends messages of all types to a training coordinator, from ranks that joined; returns
    /// early where that has ended, as it rightly does once all ranks say that they have finished.
    package func againstTraining(
        at endpoint: String, messages count: Int, hasEnded: () -> Bool
    ) throws -> Summary {
        var maker = try HostileMessages(seed: seed, without: ["UNKNOWN", "TRAINER_FINISH"])
        maker.dice.known = known
        let ranks = (1...3).map { number in
            (name: "rank-\(number)", socket: RawSocket(.dealer(id: "rank-\(number)"), endpoint))
        }
        var clusterID = ""
        var summary = Summary()
        func fields(_ rank: Int) -> HeaderFields {
            var fields = HeaderFields()
            (fields.clusterID, fields.sender) = (clusterID, ranks[rank].name)
            fields.incarnation = 1
            return fields
        }
        /// Says TRAINER_HELLO and waits for the plan, or for the reason why there is none.
        func isAnswered(_ rank: Int) -> Bool {
            ranks[rank].socket.send(WireFrames.message(96, [], fields(rank)))
            for _ in 0..<600 where !hasEnded() {
                guard let frames = ranks[rank].socket.receive(within: 100),
                    let message = ReceivedMessage(frames)
                else { continue }
                if message.type == 99 {
                    let form = ProtoReader(message.payload).numbers
                    maker.dice.knownNumbers["attempt"] = [form[1] ?? 0]
                    maker.dice.knownNumbers["generation"] = [form[2] ?? 0]
                }
                if message.type == 97 {
                    clusterID = message.clusterID
                    return true
                }
            }
            return false
        }
        while summary.sent < count {
            for rank in ranks.indices where !isAnswered(rank) {
                summary.alwaysAnswered = hasEnded()
                return summary
            }
            if maker.dice.dice.once(in: 100) {
                let finish = maker.dice.payload("TrainerFinish", .hostile)
                ranks[0].socket.send(WireFrames.message(102, finish, fields(0)))
            }
            for _ in 0..<60 {
                let rank = maker.dice.dice.below(ranks.count)
                let message = maker.next()
                var header = fields(rank)
                maker.disturb(&header, told: [:])
                ranks[rank].socket.send(
                    WireFrames.message(message.type, message.payload, raw: message.raw, header))
                summary.sent += 1
            }
        }
        return summary
    }

    /// The payload of a WELCOME that names where the other lanes are bound.
    static func welcome(to name: String, _ endpoints: [String]) -> [UInt8] {
        var welcome = ProtoWriter()
        welcome.block(Array(name.utf8), at: 1)
        welcome.number(7, at: 2)
        welcome.number(500, at: 3)
        for (field, endpoint) in zip([5, 6], endpoints.dropFirst()) {
            welcome.block(Array(endpoint.utf8), at: field)
        }
        return welcome.bytes
    }

    /// The payload of a FAILURE that ends a request.
    private static var failure: [UInt8] {
        var failure = ProtoWriter()
        failure.number(1, at: 1)
        failure.block(Array("enough".utf8), at: 2)
        return failure.bytes
    }
}
