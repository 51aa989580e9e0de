// The operations of all ranks as steps of a ring: rank r sends to r + 1 and takes from r − 1.

extension RingStep {
    /// Everyone's block to everyone: W − 1 steps, in each of which the block just taken goes on.
    ///
    /// - Parameter blocks: where the block of each rank lies in the workspace.
    public static func allGather(rank: Int, blocks: [Range<Int>]) -> [RingStep] {
        let world = blocks.count
        return (0..<world - 1).map { step in
            RingStep(
                send: blocks[(rank - step + world) % world],
                receive: blocks[(rank - step - 1 + world) % world], arrival: .store)
        }
    }

    /// The sum over all ranks, in place: 2 (W − 1) steps that carry 2 (W − 1) / W of the bytes.
    ///
    /// The first half takes each part around the ring and adds; the part of rank r ends, whole, at
    /// the rank before it. The second half takes the whole parts around. Each part is added up in
    /// one order and by one rank, so all ranks end with the same bits.
    ///
    /// - Parameter parts: the workspace cut in W; see ``parts(of:world:)``.
    public static func allReduce(rank: Int, parts: [Range<Int>]) -> [RingStep] {
        let world = parts.count
        let sums = (0..<world - 1).map { step in
            RingStep(
                send: parts[(rank - step + world) % world],
                receive: parts[(rank - step - 1 + world) % world], arrival: .add)
        }
        return sums + allGather(rank: (rank + 1) % world, blocks: parts)
    }

    /// A piece from every rank for every other: what each rank needs to add up its own rows.
    ///
    /// A rank's pieces lie in the order in which the ring reaches their owners. Each step passes on
    /// what came, less its first piece, which has arrived.
    ///
    /// - Parameter pieces: `pieces[d]`, bytes of the piece for the rank d further on; `pieces[0]`,
    ///   the own one, is not sent.
    /// - Returns: the steps, and for each where its first piece lies: that of the rank k + 1 back.
    public static func exchange(
        rank: Int, pieces: (_ origin: Int, _ owner: Int) -> Int, world: Int
    ) -> (steps: [RingStep], arrived: [Range<Int>], workspace: Int) {
        func size(_ origin: Int, from first: Int) -> Int {
            (first..<max(first, world)).reduce(0) { sum, distance in
                sum + pieces(origin, (origin + distance) % world)
            }
        }
        var leaving = 0..<size(rank, from: 1)
        var end = leaving.upperBound
        var steps: [RingStep] = []
        var arrived: [Range<Int>] = []
        for step in 0..<world - 1 {
            let origin = (rank - step - 1 + world) % world
            let coming = end..<end + size(origin, from: step + 1)
            steps.append(RingStep(send: leaving, receive: coming, arrival: .store))
            arrived.append(coming.lowerBound..<coming.lowerBound + pieces(origin, rank))
            leaving = coming.lowerBound + pieces(origin, rank)..<coming.upperBound
            end = coming.upperBound
        }
        return (steps, arrived, end)
    }

    /// Cuts `count` elements in `world` parts whose sizes differ by at most one element, in bytes.
    public static func parts(of count: Int, elementBytes: Int, world: Int) -> [Range<Int>] {
        var start = 0
        return (0..<world).map { rank in
            let size = (count / world + (rank < count % world ? 1 : 0)) * elementBytes
            defer { start += size }
            return start..<start + size
        }
    }
}
