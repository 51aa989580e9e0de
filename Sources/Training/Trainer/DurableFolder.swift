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

    /// Writes the bytes of some elements to a new file and syncs it.
    static func write<Element: BitwiseCopyable>(
        _ elements: [Element], to path: String
    ) throws(TrainingError) {
        let failure: TrainingError? = elements.withUnsafeBytes { bytes in
            do throws(TrainingError) {
                try write(bytes, to: path)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    private static func write(
        _ bytes: UnsafeRawBufferPointer, to path: String
    ) throws(TrainingError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let start = bytes.baseAddress.map { $0 + written }
            let count = Foundation.write(descriptor, start, bytes.count - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(path) }
            written += count
        }
        guard fsync(descriptor) == 0 else { throw failure(path) }
    }

    /// Gives a folder its final name and syncs the folder around it.
    static func rename(_ path: String, to final: String) throws(TrainingError) {
        guard Foundation.rename(path, final) == 0 else { throw failure(final) }
        let parent = URL(fileURLWithPath: final).deletingLastPathComponent().path
        let descriptor = open(parent, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(parent) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(parent) }
    }

    /// Puts a folder in the place of another one, which is removed.
    ///
    /// Between the two renamings there is none; a reader that comes then finds nothing, never half.
    static func replace(_ final: String, with path: String) throws(TrainingError) {
        let old = final + ".old"
        try? FileManager.default.removeItem(atPath: old)
        if FileManager.default.fileExists(atPath: final) { try rename(final, to: old) }
        try rename(path, to: final)
        try? FileManager.default.removeItem(atPath: old)
    }

    /// Reads a file of exactly `count` floats; nil where it is not that.
    static func floats(at path: String, count: Int) -> [Float]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var isWhole = true
        let values = [Float](unsafeUninitializedCapacity: count) { buffer, filled in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            var done = 0
            while done < 4 * count {
                let start = bytes.baseAddress.map { $0 + done }
                let got = Foundation.read(descriptor, start, 4 * count - done)
                if got < 0, errno == EINTR { continue }
                guard got > 0 else {
                    isWhole = false
                    break
                }
                done += got
            }
            filled = done / 4
        }
        return isWhole ? values : nil
    }

    private static func failure(_ path: String) -> TrainingError {
        .cannotWrite(path: path, reason: String(cString: strerror(errno)))
    }
}
