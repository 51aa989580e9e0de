import Glibc

/// What the system knows of a connection.
extension ConnectionTable.Entry {
    /// Where the bytes received lie in Linux's `struct tcp_info`, in every version that has them.
    private static let receivedOffset = 128

    /// Bytes that came over it in all; nil over ipc, where nobody counts.
    var receivedBytes: UInt64? {
        var info = [UInt8](repeating: 0, count: 256)
        var size = socklen_t(info.count)
        guard getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &info, &size) == 0,
            size >= Self.receivedOffset + 8
        else { return nil }
        return info.withUnsafeBytes {
            $0.loadUnaligned(fromByteOffset: Self.receivedOffset, as: UInt64.self)
        }
    }

    /// Bytes that came over it and that ZeroMQ has not read yet.
    var unreadBytes: Int {
        var count: CInt = 0
        return ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
    }

    /// Ends the connection for both sides, if it is still that one.
    ///
    /// ZeroMQ's thread may close the descriptor at any moment, and another file may get it; so a
    /// duplicate is taken first, which nobody else closes, and its inode compared.
    ///
    /// - Parameter isAbrupt: The other side is reset, and what is on the way to it is lost. A peer
    ///   that sends into a full buffer hears of nothing else.
    func shutDown(isAbrupt: Bool = false) {
        let duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard duplicate >= 0 else { return }
        defer { close(duplicate) }
        guard Self.inode(duplicate) == inode else { return }
        if isAbrupt {
            var atOnce = linger(l_onoff: 1, l_linger: 0)
            setsockopt(
                duplicate, SOL_SOCKET, SO_LINGER, &atOnce, socklen_t(MemoryLayout<linger>.size))
        }
        shutdown(duplicate, Int32(SHUT_RDWR))
    }

    /// What tells a socket from every other that there was or will be.
    static func inode(_ descriptor: CInt) -> UInt64? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
            return nil
        }
        return UInt64(status.st_ino)
    }
}
