/// Digests as they stand in file names, rows and messages.
public enum Digests {
    /// Whether bytes are a SHA-256 in lower-case hexadecimal digits.
    public static func isSHA256(_ text: some Collection<UInt8>) -> Bool {
        text.count == 64
            && text.allSatisfy {
                switch $0 {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"):
                    true
                default: false
                }
            }
    }
}
