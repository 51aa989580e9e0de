import Base
import Crypto
import Foundation

/// What tells one model folder from another, for comparing ranks.
public enum ModelDigest {
    /// SHA-256 over the names and contents of all files under a folder, or of a file.
    public static func digest(folder: String) throws(ClusterError) -> String {
        let names = (FileManager.default.subpaths(atPath: folder) ?? []).sorted()
        var hash = SHA256()
        for name in names.isEmpty ? [""] : names {
            let path = name.isEmpty ? folder : "\(folder)/\(name)"
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw .input("There is no model folder \(folder). Name one that is there.")
            }
            if isFolder.boolValue { continue }
            hash.update(data: Data(name.utf8 + [0]))
            do {
                let url = URL(fileURLWithPath: path)
                hash.update(data: try Data(contentsOf: url, options: .alwaysMapped))
            } catch {
                throw .input(
                    "\(path) cannot be read: \(error.localizedDescription). Name one you may read.")
            }
        }
        return Hexadecimal.text(hash.finalize())
    }
}
