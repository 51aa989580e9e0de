import Foundation

/// The environment variables that Sheaf reads: what they may say.
public enum EnvironmentSettings {
    private static let instructionSets = ["portable", "avx2", "avx512"]

    /// Throws where one says what cannot be meant, by its name.
    public static func check() throws(SheafError) {
        try check(ProcessInfo.processInfo.environment)
    }

    static func check(_ environment: [String: String]) throws(SheafError) {
        if let set = environment["SHEAF_SIMD"], !instructionSets.contains(set) {
            throw .request(
                """
                $SHEAF_SIMD is “\(set)”. Name \(instructionSets.joined(separator: ", ")), or unset \
                it.
                """)
        }
        if environment["SHEAF_DATA"]?.isEmpty == true {
            throw .request("$SHEAF_DATA is empty. Name the data folder in it, or unset it.")
        }
    }
}
