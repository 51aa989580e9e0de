extension CheckSegments {
    /// Segments in one message at most.
    public static let pageSize = 64
}
