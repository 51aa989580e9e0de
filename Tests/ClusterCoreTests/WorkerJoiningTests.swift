import ClusterCore
import Testing

@Suite struct WorkerJoiningTests {
    @Test func `a worker says HELLO until it is welcome, and heartbeats then`() {
        var run = WorkerRun(isMember: false)
        #expect(run.tick(after: .zero).types == [.hello])
        #expect(run.tick(after: .milliseconds(100)).types == [])
        #expect(run.tick(after: .milliseconds(200)).types == [.hello])
        #expect(run.welcome().types == [.hello, .hello])
        #expect(run.machine.isWelcome)
        #expect(run.tick(after: .milliseconds(400)).types == [])
        #expect(run.tick(after: .milliseconds(100)).types == [.heartbeat])
    }

    @Test func `HELLO grants credit on the control lane alone`() {
        var run = WorkerRun(isMember: false)
        let credits = (run.tick(after: .zero) + run.welcome()).compactMap { effect in
            if case .hello(let envelope, let lane) = effect { (lane, envelope.credit) } else { nil }
        }
        #expect(credits.map(\.0) == [.control, .query, .bulk])
        #expect(credits.map(\.1) == [8 << 20, 0, 0])
    }

    @Test func `a lane is connected once, and again where that failed or it moved`() {
        var run = WorkerRun(isMember: false)
        #expect(run.welcome().contains(.connect(.query, to: "q")))
        #expect(!run.welcome().contains(.connect(.query, to: "q")))
        run.happens(.notConnected(.query))
        let again = run.welcome()
        #expect(again.contains(.connect(.query, to: "q")))
        #expect(!again.contains(.connect(.bulk, to: "b")))
    }

    @Test func `a message carries what the worker knows of its coordinator`() {
        var run = WorkerRun()
        guard case .heartbeat(let envelope)? = run.tick(after: .seconds(1)).first else {
            Issue.record("no heartbeat")
            return
        }
        #expect(envelope.clusterID == "c" && envelope.epoch == 1)
        #expect(envelope.sender == "w" && envelope.incarnation == 7)
    }

    @Test func `silence for three seconds makes a worker ask anew, and its work goes on`() {
        var run = WorkerRun()
        run.lease(1)
        #expect(run.tick(after: .seconds(3)).types == [.heartbeat])
        #expect(run.tick(after: .milliseconds(400)).types == [.hello])
        #expect(!run.machine.isWelcome)
        #expect(run.encode(1).writes == [WorkerRun.key(1)])
    }

    @Test func `what carries another epoch or cluster is passed over`() {
        var run = WorkerRun()
        #expect(run.receive(.leaseGrant(WorkerRun.grant(1)), epoch: 2).isEmpty)
        #expect(run.receive(.drain(Drain()), epoch: 0).isEmpty)
        let other = Envelope(clusterID: "d", epoch: 1, message: .drain(Drain()))
        #expect(run.happens(.received(other, on: .control)).isEmpty)
        #expect(!run.machine.isDone)
    }

    @Test func `another epoch voids leases, loads and searches of the former one`() {
        var run = WorkerRun()
        run.carryOut(run.receive(.loadGeneration(WorkerRun.load(1, 0)), on: .query))
        let search = run.receive(
            .search(Search(collection: "c", generation: 1, shards: [0])), on: .query,
            requestID: 5)
        run.lease(1)
        run.encode(1)
        let forgotten = run.welcome(epoch: 2)
        #expect(forgotten.contains(.cancel(search.works[0])))
        #expect(run.machine.rows(of: GenerationKey(collection: "c", generation: 1)).isEmpty)
        #expect(run.write(1).sent.isEmpty)
        #expect(run.happens(.searched(search.works[0], SearchResult(), frames: [])).isEmpty)
        #expect(run.machine.violations == [])
    }

    @Test func `the same coordinator's welcome voids nothing`() {
        var run = WorkerRun()
        run.lease(1)
        run.happens(.disconnected(.bulk))
        #expect(!run.machine.isWelcome)
        run.welcome()
        run.encode(1)
        #expect(run.write(1).types == [.segmentReady])
    }

    @Test func `a member takes no welcome of an earlier epoch, one that asks does`() {
        var run = WorkerRun(isMember: false)
        run.welcome(epoch: 3)
        #expect(run.welcome(epoch: 2).isEmpty)
        #expect(run.machine.epoch == 3)
        run.tick(after: .seconds(4))
        run.welcome(epoch: 2)
        #expect(run.machine.epoch == 2)
    }

    @Test
    func `a coordinator that does not know the worker is asked anew, and what it asked is void`() {
        var run = WorkerRun()
        run.lease(1)
        run.receive(.failure(Failure(code: .notFound)))
        #expect(!run.machine.isWelcome)
        #expect(run.encode(1).writes.isEmpty)
    }

    @Test func `nothing but HELLO is said on the control lane before every lane is welcome`() {
        var run = WorkerRun()
        run.lease(1)
        run.encode(1)
        run.happens(.disconnected(.control))
        #expect(run.write(1).isEmpty)
        #expect(run.welcome(on: .control).types == [.hello, .hello])
        #expect(run.welcome(on: .query).isEmpty)
        // A HELLO may be lost.
        #expect(run.tick(after: .milliseconds(300)).types == [.hello])
        #expect(run.welcome(on: .bulk).types == [.segmentReady])
    }

    @Test func `what was to be said to one coordinator is not said to the next`() {
        var run = WorkerRun()
        run.lease(1)
        run.encode(1)
        run.happens(.disconnected(.control))
        run.write(1)
        #expect(run.welcome(epoch: 2).types == [.hello, .hello])
    }

    @Test func `a request that is unknown voids nothing else`() {
        var run = WorkerRun()
        run.lease(1)
        run.receive(.failure(Failure(code: .notFound)), on: .query)
        #expect(run.machine.isWelcome)
        #expect(run.encode(1).writes == [WorkerRun.key(1)])
    }

    @Test func `a conflict ends the worker once it lasts`() {
        var run = WorkerRun(isMember: false)
        let conflict = Failure(code: .conflict, message: "another w is here")
        let notice: [WorkerMachine.Effect] = [.notice(.misfit("another w is here"))]
        #expect(run.receive(.failure(conflict)) == notice)
        run.wait(.seconds(4))
        #expect(run.receive(.failure(conflict)) == notice)
        run.wait(.seconds(1))
        #expect(run.receive(.failure(conflict)) == [.end(conflict)])
        #expect(run.machine.isDone)
        #expect(run.tick(after: .seconds(1)).isEmpty)
    }

    @Test func `a conflict on another lane makes the worker ask anew, and ends it once it lasts`() {
        var run = WorkerRun(isMember: false)
        let conflict = Failure(code: .conflict, message: "another w is here")
        for _ in 0..<5 {
            run.welcome(on: .control)
            #expect(
                run.receive(.failure(conflict), on: .query) == [
                    .notice(.misfit("another w is here"))
                ])
            #expect(!run.machine.isWelcome)
            run.wait(.milliseconds(900))
        }
        #expect(run.receive(.failure(conflict), on: .query) == [.end(conflict)])
    }

    @Test func `a welcome on every lane ends a conflict`() {
        var run = WorkerRun(isMember: false)
        let conflict = Failure(code: .conflict)
        run.receive(.failure(conflict))
        run.welcome()
        run.tick(after: .seconds(4))
        #expect(run.receive(.failure(conflict)) == [.notice(.misfit(""))])
    }

    @Test func `a denial is told once, and HELLO goes on`() {
        var run = WorkerRun()
        let denied = Failure(code: .denied, message: "the key is a client's")
        #expect(
            run.receive(.failure(denied), epoch: 9) == [.notice(.denied("the key is a client's"))])
        #expect(run.receive(.failure(denied), epoch: 9).isEmpty)
        #expect(run.tick(after: .seconds(1)).types == [.hello])
    }

    @Test func `a rejection is told each half minute`() {
        var run = WorkerRun(isMember: false)
        #expect(run.happens(.rejected("no")).count == 1)
        run.wait(.seconds(30))
        #expect(run.happens(.rejected("no")).isEmpty)
        run.wait(.seconds(1))
        #expect(run.happens(.rejected("no")).count == 1)
    }

    @Test(arguments: [Message.drain(Drain()), .goodbye(Goodbye())])
    func `a worker that is told to leave says goodbye and ends`(message: Message) {
        var run = WorkerRun()
        let effects = run.receive(message)
        #expect(effects.types == [.goodbye] && effects.last == .end(nil))
        #expect(run.happens(.stop).isEmpty)
    }

    @Test func `a message that no worker gets is told`() {
        var run = WorkerRun()
        #expect(
            run.receive(.done(Done()), on: .query) == [.notice(.unexpected(.done, .query))])
    }
}
