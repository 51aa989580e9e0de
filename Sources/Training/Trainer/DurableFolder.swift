import Base
import Foundation

/// Files and folders that are on the disk when a call returns.
enum DurableFolder {
    /// Makes a folder where there is none, with those above it.
    static func make(_ path: String) throws(TrainingError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .cannotWrite(path: path, reason: error.localizedDescription)
        }
    }

    /// Makes an empty folder, with those above it; what was there is removed.
    static func create(_ path: String) throws(TrainingError) {
        do {
            if FileManager.default.fileExists(atPath: path) {
                try FileManager.default.removeItem(atPath: path)
            }
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .cannotWrite(path: path, reason: error.localizedDescription)
        }
    }

    /// Writes the bytes of some elements to a file of a folder that nobody reads yet, and syncs it.
    static func write<Element: BitwiseCopyable>(
        _ elements: [Element], to path: String
    ) throws(TrainingError) {
        try giving(TrainingError.init(writing:)) { () throws(FileError) in
            let file = try OpenFile(path, O_WRONLY | O_CREAT | O_TRUNC)
            try file.write(elements)
            try file.sync()
            try file.close()
        }
    }

    /// Gives a folder its final name and syncs the folder around it.
    static func move(_ path: String, to final: String) throws(TrainingError) {
        try giving(TrainingError.init(writing:)) { () throws(FileError) in
            try FileNames.rename(path, to: final)
        }
    }

    /// Puts a folder in the place of another one, which is removed.
    ///
    /// Between the two renamings there is none; a reader that comes then finds nothing, never half.
    static func replace(_ final: String, with path: String) throws(TrainingError) {
        let old = final + ".old"
        try? FileManager.default.removeItem(atPath: old)
        if FileManager.default.fileExists(atPath: final) { try move(final, to: old) }
        try move(path, to: final)
        try? FileManager.default.removeItem(atPath: old)
    }

    /// Reads a file of exactly `count` floats; nil where it is not that.
    static func floats(at path: String, count: Int) -> [Float]? {
        guard let file = try? OpenFile(reading: path), (try? file.size()) == 4 * count else {
            return nil
        }
        return try? file.read(count, Float.self, at: 0)
    }
}

extension TrainingError {
    /// A file could not be written.
    init(writing error: FileError) {
        self = .cannotWrite(path: error.path, reason: error.reason)
    }
}
