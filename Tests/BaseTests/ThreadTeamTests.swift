import Base
import Glibc
import Testing

@Suite("Team of threads")
struct ThreadTeamTests {
    @Test(arguments: 1...4)
    func `each step does each part once, and ends before the next`(_ threads: Int) {
        ThreadTeam.with(threads) { team in
            #expect(team.count == threads)
            for total in [0, 1, 2, 3, 5, 64, 1_000] {
                let counts = Locked([Int](repeating: 0, count: total))
                for step in 1...50 {
                    team.share(total) { worker, part in
                        #expect((0..<threads).contains(worker))
                        counts.withLock { counts in
                            for place in part { counts[place] += 1 }
                        }
                    }
                    #expect(counts.withLock { $0 } == [Int](repeating: step, count: total))
                }
            }
        }
    }

    @Test func `a step may come long after another`() {
        ThreadTeam.with(2) { team in
            for _ in 0..<3 {
                let parts = Locked(0)
                team.share(2) { _, _ in parts.withLock { $0 += 1 } }
                #expect(parts.withLock { $0 } == 2)
                // Longer than a thread looks: it sleeps meanwhile.
                usleep(20_000)
            }
        }
    }

    @Test(arguments: 1...3)
    func `kept teams do what new ones do, for several callers at once`(_ threads: Int) {
        let teams = ThreadTeams()
        Threads.run(count: 3) { _ in
            for round in 1...40 {
                teams.with(threads) { team in
                    if round % 2 == 0 { team.wake() }
                    let counts = Locked([Int](repeating: 0, count: 9))
                    for _ in 0..<3 {
                        team.share(9) { _, part in
                            counts.withLock { counts in
                                for place in part { counts[place] += 1 }
                            }
                        }
                    }
                    #expect(counts.withLock { $0 } == [Int](repeating: 3, count: 9))
                }
                if round % 20 == 0 { usleep(5_000) }
            }
        }
    }
}
