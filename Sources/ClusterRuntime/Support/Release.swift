/// This release of Sheaf.
public enum Release {
    /// The version that `sheaf --version` prints and peers tell each other.
    public static let version = "0.2.0"
}
