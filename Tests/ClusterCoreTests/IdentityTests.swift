import ClusterCore
import Testing

@Suite struct IdentityTests {
    @Test func `a later epoch outranks any attempt of an earlier one`() {
        #expect(Attempt(epoch: 1, count: 4_000_000_000) < Attempt(epoch: 2, count: 1))
        #expect(Attempt(epoch: 2, count: 1) < Attempt(epoch: 2, count: 2))
    }

    @Test func `a batch belongs to the shard of its number modulo the shard count`() {
        #expect(BatchNumber(0).shard(of: 8) == ShardNumber(0))
        #expect(BatchNumber(13).shard(of: 8) == ShardNumber(5))
        #expect(BatchNumber(13).shard(of: 1) == ShardNumber(0))
    }

    @Test func `two lives of one worker differ and are told apart in print`() {
        #expect(worker("a", life: 1) != worker("a", life: 2))
        #expect(worker("a", life: 2) < worker("b", life: 1))
        #expect(worker("a", life: 1) < worker("a", life: 2))
        #expect(worker("a", life: 255).description == "a#ff")
    }

    @Test func `an instant moves by a duration and back`() {
        let start = Instant(nanoseconds: -5)
        #expect(start + .milliseconds(1500) == Instant(nanoseconds: 1_499_999_995))
        #expect((start + .milliseconds(1500)) - start == .milliseconds(1500))
        #expect(start + .milliseconds(-1500) < start)
    }
}
