/// What a machine has said and is not done yet, in its order: doing one thing may have it say more.
///
/// ```swift
/// guard effects.add(machine.handle(event, now: now)) else { return }
/// while let effect = effects.next() { perform(effect) }
/// ```
struct EffectQueue<Effect> {
    private var effects: [Effect] = []
    private var done = 0
    private var isActing = false

    /// Whether who adds must do them; else somebody is at it.
    mutating func add(_ more: [Effect]) -> Bool {
        effects += more
        defer { isActing = true }
        return !isActing
    }

    /// What is to be done next; nil once all is.
    mutating func next() -> Effect? {
        guard done < effects.count else {
            effects.removeAll()
            (done, isActing) = (0, false)
            return nil
        }
        done += 1
        return effects[done - 1]
    }
}
