/// How two vectors are compared.
public enum Metric: String, CaseIterable, Codable, Sendable {
    /// The inner product: larger is nearer.
    case innerProduct = "ip"
    /// Minus the squared Euclidean distance, so that here too larger is nearer.
    case l2
    /// The cosine of the angle: larger is nearer; 0 where one of the vectors is zero.
    case cosine
}
