import Foundation

/// The path as it is seen from every working folder; symbolic links stay.
func absolutePath(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.path
}
