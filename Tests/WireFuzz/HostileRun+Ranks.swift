import TestSupport

extension HostileRun {
    /// Plays the training coordinator of one rank, and sends it messages of all types; places in
    /// worlds lead nowhere.
    ///
    /// It blocks, while the rank asks what to train and joins again and again.
    ///
    /// - Parameters:
    ///   - endpoint: What is bound for the control lane.
    package func againstRank(at endpoint: String, messages count: Int) throws -> Summary {
        var maker = try HostileMessages(seed: seed, without: ["UNKNOWN", "TRAINER_PLAN"])
        maker.dice.known = known
        let socket = RawSocket(.router, endpoint)
        var fields = HeaderFields()
        (fields.clusterID, fields.sender) = ("hostile", "training")
        var summary = Summary()
        var quiet = 0
        while summary.sent < count {
            guard let frames = socket.receive(within: 20), frames.count > 2,
                let message = ReceivedMessage(Array(frames.dropFirst()))
            else {
                quiet += 1
                // A rank shows each millisecond that it lives: a minute without means that it does
                // not.
                guard quiet < 3000 else {
                    summary.alwaysAnswered = false
                    return summary
                }
                continue
            }
            quiet = 0
            let id = frames[0]
            if message.type == 96 {
                var plan = ProtoWriter()
                plan.block(Array("what to train".utf8), at: 1)
                plan.number(1, at: 2)
                socket.send([id] + WireFrames.message(97, plan.bytes, fields))
            }
            if message.type == 98 {
                let attempt = ProtoReader(message.payload).numbers[1] ?? 0
                maker.dice.knownNumbers["attempt"] = [attempt]
            }
            for _ in 0..<20 {
                let made = maker.next()
                // What ends the rank's link, rightly, comes seldom.
                guard made.type != 7 || maker.dice.dice.once(in: 20) else { continue }
                var header = fields
                maker.disturb(&header, told: [:])
                socket.send(
                    [id] + WireFrames.message(made.type, made.payload, raw: made.raw, header))
                summary.sent += 1
            }
        }
        return summary
    }

    /// Sends what a neighbour in a ring may send: headers that fit or nearly, and bodies of any
    /// length.
    ///
    /// - Parameter dice: Goes on where an earlier call has left it.
    package func pushAround(
        _ endpoint: String, messages count: Int, _ dice: inout MessageDice
    ) {
        let socket = RawSocket(.pusher, endpoint)
        for _ in 0..<count {
            var header = dice.payload("RingHeader", dice.dice.once(in: 2) ? .within : .hostile)
            if dice.dice.once(in: 2) {
                header = Self.countsHeader(width: dice.dice.below(2) * 3 + 1)
            }
            var body = dice.dice.bytes([0, 1, 4, 8, 16, 24, 4096][dice.dice.below(7)])
            // Counts of rows are numbers of 64 bits: some that do not fit, or add up to what does
            // not.
            if dice.dice.once(in: 2), body.count >= 8 {
                let edge: [UInt64] = [.max, 1 << 63, UInt64(Int64.max), 1 << 41, 1 << 36, 3]
                let number = edge[dice.dice.below(edge.count)]
                for index in 0..<8 {
                    body[index] = UInt8(truncatingIfNeeded: number >> (8 * index))
                }
            }
            var frames = [header, body]
            if dice.dice.once(in: 16) { frames.append(body) }
            if dice.dice.once(in: 16) { frames.removeLast() }
            socket.send(frames)
        }
    }

    /// What rank 1 of 2 says of its rows, as an honest neighbour would.
    private static func countsHeader(width: Int) -> [UInt8] {
        var header = ProtoWriter()
        header.block(Array("run".utf8), at: 1)
        for (field, value) in zip(2..., [1, 1, 1, 3, 2, UInt64(width), 1]) {
            header.number(value, at: field)
        }
        return header.bytes
    }
}
