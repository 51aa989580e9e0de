extension Coverage {
    /// True when everything answered.
    public var isComplete: Bool {
        shardsAnswered == shardsTotal && rowsAnswered == rowsTotal
    }
}
