import ClusterCore
import Foundation
import Logging

// The files by which others find this coordinator.
extension Coordinator {
    /// Time between two looks at them.
    private static let watchInterval: Duration = .milliseconds(500)

    /// Makes what was removed from `run/` again; ends where the data folder itself is another.
    func watchFiles(now: Instant) {
        guard !isStopping, now - lastWatch >= Coordinator.watchInterval else { return }
        lastWatch = now
        guard lock.isInPlace else {
            log.critical(
                """
                \(options.data.lock) was removed or replaced, so another coordinator may take the \
                folder: this one ends. Start a cluster again on the folder that shall be served.
                """)
            Task { await self.shutDown() }
            return
        }
        let sockets = Lane.allCases.compactMap { Coordinator.socket(endpoint(of: $0)) }
        let files = [options.data.formerLock, options.data.token, options.data.announcement]
        let missing = (files + sockets).filter { !FileManager.default.fileExists(atPath: $0) }
        guard !missing.isEmpty else { return }
        do {
            try options.data.create()
            try lock.restore()
            try bindLanes { endpoint in
                Coordinator.socket(endpoint).map {
                    !FileManager.default.fileExists(atPath: $0)
                } ?? false
            }
            try announce()
            log.warning("made again what was removed: \(missing.joined(separator: ", "))")
        } catch {
            log.error("cannot make again what was removed from \(options.data.run): \(error)")
        }
    }

    /// Removes what others would look for this coordinator by, while the folder is still locked;
    /// a folder that is locked by another is left alone.
    func removeFiles() {
        var files = [options.data.announcement]
        if lock.isInPlace {
            files += Lane.allCases.compactMap { Coordinator.socket(endpoint(of: $0)) }
        }
        for file in files { try? FileManager.default.removeItem(atPath: file) }
    }

    private static func socket(_ endpoint: String) -> String? {
        endpoint.hasPrefix("ipc://") ? String(endpoint.dropFirst("ipc://".count)) : nil
    }
}
