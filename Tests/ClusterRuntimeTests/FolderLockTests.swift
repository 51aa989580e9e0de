import Foundation
import Synchronization
import TestSupport
import Testing

@testable import ClusterRuntime

@Suite("Locks on folders")
struct FolderLockTests {
    private final class Flag: Sendable {
        let isSet = Atomic<Bool>(false)
    }

    @Test
    func `those who look do not keep others from taking a lock`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/lock"
        let done = Flag()
        let ended = DispatchSemaphore(value: 0)
        let looker = Thread {
            while !done.isSet.load(ordering: .relaxed) { _ = try? FolderLock.isHeld(path) }
            ended.signal()
        }
        looker.start()
        defer {
            done.isSet.store(true, ordering: .relaxed)
            ended.wait()
        }
        for _ in 0..<200 {
            let lock = try FolderLock(path)
            #expect(try FolderLock.isHeld(path))
            lock.release()
        }
    }

    @Test
    func `a lock that is held is refused with its holder`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/lock"
        let lock = try FolderLock(path)
        #expect(throws: ClusterError.dataFolderLocked(path: path, holder: "\(getpid())")) {
            try FolderLock(path)
        }
        lock.release()
        #expect(try !FolderLock.isHeld(path))
    }
}
