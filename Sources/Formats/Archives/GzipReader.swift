package import Base
internal import CZlib
internal import Glibc

/// What is wrong with a gzip file.
package enum GzipError: Error, Equatable, Sendable {
    /// It cannot be read.
    case file(FileError)
    /// Its bytes are damaged, so many compressed ones from its beginning.
    case damaged(offset: UInt64, reason: String)
}

/// Decompresses one gzip file of any number of members; the one owner of its zlib stream.
package final class GzipReader {
    private let file: OpenFile
    // zlib keeps the address of its stream, so the stream may not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private var input = [UInt8](repeating: 0, count: 64 << 10)
    private var head = 0
    private var tail = 0
    private var consumed: UInt64 = 0
    private var state = State.betweenMembers

    private enum State { case betweenMembers, insideMember, ended, failed(GzipError) }

    /// Takes a file that stands at its start.
    package init(_ file: OpenFile) throws(GzipError) {
        self.file = file
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // Where it fails, `deinit` runs: all properties have their values.
        guard sheaf_inflate_init(stream) == Z_OK else {
            throw .file(FileError("reading", file.path, code: ENOMEM))
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Decompresses up to `range.count` bytes to that range of the buffer; 0 at the end.
    package func read(into buffer: inout [UInt8], _ range: Range<Int>) throws(GzipError) -> Int {
        precondition(range.upperBound <= buffer.count)
        while !range.isEmpty {
            if head == tail { try refill() }
            switch state {
            case .ended:
                return 0
            case .failed(let error):
                throw error
            case .betweenMembers:
                try openMember()
            case .insideMember:
                guard head < tail else {
                    throw fault("the file is cut off")
                }
                let written = try inflateOnce(into: &buffer, range)
                if written > 0 { return written }
            }
        }
        return 0
    }

    private func refill() throws(GzipError) {
        head = 0
        do throws(FileError) {
            tail = try file.read(into: &input, 0..<input.count)
        } catch {
            throw .file(error)
        }
    }

    /// Looks at the bytes between two members: the end, zero padding, or another member.
    private func openMember() throws(GzipError) {
        guard head < tail else {
            state = .ended
            return
        }
        if input[head] == 0 && consumed > 0 {
            try skipPadding()
            state = .ended
            return
        }
        guard input[head] == 0x1F else {
            throw fault("bytes follow that are not gzip")
        }
        inflateReset(stream)
        state = .insideMember
    }

    private func skipPadding() throws(GzipError) {
        while head < tail {
            while head < tail {
                guard input[head] == 0 else { throw fault("bytes follow that are not gzip") }
                head += 1
                consumed += 1
            }
            try refill()
        }
    }

    private func inflateOnce(
        into buffer: inout [UInt8], _ range: Range<Int>
    ) throws(GzipError) -> Int {
        let available = tail - head
        let start = head
        let stream = self.stream
        let (code, left, written) = buffer.withUnsafeMutableBufferPointer { output in
            input.withUnsafeMutableBufferPointer { input in
                stream.pointee.next_in = input.baseAddress.map { $0 + start }
                stream.pointee.avail_in = UInt32(available)
                stream.pointee.next_out = output.baseAddress.map {
                    $0 + range.lowerBound
                }
                stream.pointee.avail_out = UInt32(clamping: range.count)
                let code = inflate(stream, Z_NO_FLUSH)
                let written = range.count - Int(stream.pointee.avail_out)
                return (code, Int(stream.pointee.avail_in), written)
            }
        }
        head = tail - left
        consumed += UInt64(available - left)
        switch code {
        case Z_OK, Z_BUF_ERROR:
            return written
        case Z_STREAM_END:
            state = .betweenMembers
            return written
        default:
            throw fault(code == Z_DATA_ERROR ? "the data are damaged" : "zlib error \(code)")
        }
    }

    /// Makes an error that every later read gives again.
    private func fault(_ reason: String) -> GzipError {
        let error = GzipError.damaged(offset: consumed, reason: reason)
        state = .failed(error)
        return error
    }
}
