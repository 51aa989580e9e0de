// Random training messages: every field, from one seed.

import ClusterCore
import TestSupport

extension TrainerHello: RandomValue {
    init(from random: inout Dice) {
        self.init(
            host: random(), processID: random(), release: random())
    }
}

extension TrainerPlan: RandomValue {
    init(from random: inout Dice) {
        self.init(
            configuration: random(), heartbeatMilliseconds: random())
    }
}

extension TrainerFact: RandomValue {
    init(from random: inout Dice) {
        self.init(
            name: random(), value: random())
    }
}

extension RingAddress: RandomValue {
    init(from random: inout Dice) {
        self.init(
            host: random(), endpoints: random(), publicKey: random())
    }
}

extension TrainerJoin: RandomValue {
    init(from random: inout Dice) {
        self.init(
            attempt: random(), facts: random(), ring: random())
    }
}

extension TrainerForm: RandomValue {
    init(from random: inout Dice) {
        self.init(
            attempt: random(), generation: random(), rank: random(), names: random(), next: random()
        )
    }
}

extension TrainerBeat: RandomValue {
    init(from random: inout Dice) {
        self.init(
            attempt: random(), generation: random(), progress: random(), step: random())
    }
}

extension TrainerAbort: RandomValue {
    init(from random: inout Dice) {
        self.init(
            generation: random(), by: random(), reason: random())
    }
}

extension TrainerFinish: RandomValue {
    init(from random: inout Dice) {
        self.init(
            generation: random(), interrupted: random(), report: random(), failure: random())
    }
}
