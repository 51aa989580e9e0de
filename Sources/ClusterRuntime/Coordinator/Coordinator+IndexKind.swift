import ClusterCore
import VectorIndex

extension Coordinator {
    /// Takes another index kind, or choice of memory, for a collection that is there.
    ///
    /// Both are about what is derived from the segments, so a new generation over the same ones is
    /// all it takes.
    func adoptIndex(
        _ plan: IndexPlan, _ checked: inout CheckedCollection, addingQuestions: Bool
    ) throws(ClusterError) {
        // A manifest says what the collection is, so that a new question tower outlives the
        // catalog; and what could not be built is tried again by whoever asks again.
        if addingQuestions || machine.collections[checked.record.name]?.cannotBeBuilt == true {
            checked.isPublished = false
        }
        let asked = plan.index(over: checked.record)
        guard asked.kind != checked.record.kind || asked.memory != checked.record.memory else {
            return
        }
        do throws(IndexError) {
            _ = try asked.shard(of: [])
        } catch {
            throw .input("\(error)")
        }
        try checked.record.checkTraining(of: asked)
        (checked.record.kind, checked.record.memory) = (asked.kind, asked.memory)
        checked.isPublished = false
        // Whoever asks for another kind waits until it is built.
        handle(.serving(.wanted(checked.record.name)))
    }
}
