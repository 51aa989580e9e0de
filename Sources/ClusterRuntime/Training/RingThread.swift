import Dispatch
import Glibc

/// The thread of a ring.
enum RingThread {
    /// What is handed to the thread: nobody else touches the loop from then on.
    private final class Handover {
        let loop: RingLoop
        let ended: DispatchGroup

        init(_ loop: RingLoop, _ ended: DispatchGroup) {
            self.loop = loop
            self.ended = ended
        }
    }

    /// Starts the thread, without signals: those belong to the program's own threads.
    ///
    /// - Parameter ended: is left when the thread has closed the ring.
    static func start(_ loop: RingLoop, _ ended: DispatchGroup) throws(TransportError) {
        var everySignal = sigset_t()
        var before = sigset_t()
        sigfillset(&everySignal)
        pthread_sigmask(SIG_SETMASK, &everySignal, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let handover = Unmanaged.passRetained(Handover(loop, ended))
        ended.enter()
        var thread = pthread_t()
        let number = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let handover = Unmanaged<Handover>.fromOpaque(argument).takeRetainedValue()
                handover.loop.run()
                handover.ended.leave()
                return nil
            }, handover.toOpaque())
        guard number == 0 else {
            handover.release()
            ended.leave()
            throw .system(call: "pthread_create", reason: String(cString: strerror(number)))
        }
        pthread_detach(thread)
    }
}
