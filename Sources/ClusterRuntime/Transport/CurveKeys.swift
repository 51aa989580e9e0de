import Base
import CZeroMQ
public import ClusterCore
import Crypto
import Foundation

/// Who may reach what a reactor binds.
public enum SecurityPolicy: Equatable, Sendable {
    /// Only this host: binding anything but ipc and loopback is refused.
    case localOnly
    /// Anyone, without keys or encryption.
    case insecure
    /// Over tcp only holders of allowed keys, encrypted; ipc is left to file permissions.
    case curve(CurveKeys)
}

/// The keys of one side.
public enum CurveKeys: Equatable, Sendable {
    /// The side that binds: its own pair, and the folder whose `*.public` files are let in.
    ///
    /// The folder is looked at when a client comes, so keys are added and removed at run time.
    case server(CurveKeyPair, allowedFolder: String)
    /// The side that connects: its own pair, and the public key that the server must prove.
    case client(CurveKeyPair, serverKey: String)

    /// The keys of a server, from the secret key file of its pair.
    public static func server(
        secretFile: String, allowedFolder: String
    ) throws(TransportError) -> CurveKeys {
        .server(try CurveKeyPair(secretFile: secretFile), allowedFolder: allowedFolder)
    }

    /// The keys of a client, from the secret key file of its pair and the server's public one.
    public static func client(
        secretFile: String, serverPublicFile: String
    ) throws(TransportError) -> CurveKeys {
        .client(
            try CurveKeyPair(secretFile: secretFile),
            serverKey: try PublicKeyFile(serverPublicFile).key)
    }

    /// The first sixteen digits of the SHA-256 of a public key's text.
    ///
    /// `head -n 1 NAME.public | tr -d '\n' | sha256sum | cut -c -16` shows the same.
    public static func fingerprint(of publicKey: String) -> String {
        String(Hexadecimal.sha256(publicKey.utf8).prefix(16))
    }

    /// Makes a pair and writes `NAME.secret`, for its owner alone, and `NAME.public`, which all may
    /// read, to a folder.
    ///
    /// The folder is made, for its owner alone, where there is none. Throws where either file
    /// exists: a key is never overwritten.
    ///
    /// - Parameter role: What the public file says of the holder; nil says nothing.
    public static func generate(
        folder: String, name: String, role: KeyRole? = nil
    ) throws(TransportError) -> CurveKeyPair {
        let pair = try CurveKeyPair.generated()
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw .keyNotWritten(path: folder, reason: error.localizedDescription)
        }
        try KeyFile.write(pair.secretKey + "\n", to: "\(folder)/\(name).secret", mode: 0o600)
        try KeyFile.write(
            PublicKeyFile.text(key: pair.publicKey, role: role),
            to: "\(folder)/\(name).public", mode: 0o644)
        return pair
    }
}

/// A Curve25519 key pair in the Z85 text form of ZeroMQ: 40 characters each.
public struct CurveKeyPair: Equatable, Sendable, CustomStringConvertible,
    CustomDebugStringConvertible
{
    /// The key that others may know.
    public let publicKey: String
    /// The key that they may not.
    let secretKey: String

    /// What logs call the key on both sides; see ``CurveKeys/fingerprint(of:)``.
    public var fingerprint: String { CurveKeys.fingerprint(of: publicKey) }

    /// Shows the public key alone.
    public var description: String { "CurveKeyPair(\(publicKey))" }

    /// Shows the public key alone.
    public var debugDescription: String { description }

    /// The pair of a secret key file; the public key follows from the secret one.
    ///
    /// Throws ``TransportError/keyPermissions(path:mode:)`` where group or others can read it.
    public init(secretFile: String) throws(TransportError) {
        try KeyFile.checkIsPrivate(secretFile)
        secretKey = try KeyFile.read(secretFile)
        var text = [CChar](repeating: 0, count: KeyFile.length + 1)
        guard zmq_curve_public(&text, secretKey) == 0 else {
            throw ZMQContext.has("curve")
                ? .keyFile(path: secretFile, reason: "it holds no secret key") : .curveMissing
        }
        publicKey = KeyFile.text(text)
    }

    private init(publicKey: String, secretKey: String) {
        self.publicKey = publicKey
        self.secretKey = secretKey
    }

    /// A new pair.
    static func generated() throws(TransportError) -> CurveKeyPair {
        var publicText = [CChar](repeating: 0, count: KeyFile.length + 1)
        var secretText = publicText
        guard zmq_curve_keypair(&publicText, &secretText) == 0 else { throw .curveMissing }
        return CurveKeyPair(
            publicKey: KeyFile.text(publicText), secretKey: KeyFile.text(secretText))
    }
}

/// Key files: one line of 40 characters in Z85.
enum KeyFile {
    static let length = 40

    /// The key in a file.
    static func read(_ path: String) throws(TransportError) -> String {
        // One byte more than any key file has, so that a longer file shows.
        var line = String(decoding: try beginning(of: path, length + 3), as: UTF8.self)
        while line.last?.isNewline == true { line.removeLast() }
        guard isKey(line) else {
            throw .keyFile(path: path, reason: "it is not one line of \(length) characters in Z85")
        }
        return line
    }

    /// The first bytes of a file, at most `count`.
    static func beginning(of path: String, _ count: Int) throws(TransportError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        do throws(FileError) {
            let file = try OpenFile(reading: path)
            let found = try file.read(into: &bytes, 0..<count)
            return Array(bytes[..<found])
        } catch {
            throw .keyFile(path: path, reason: error.reason)
        }
    }

    /// Whether a text is a key.
    static func isKey(_ text: String) -> Bool {
        var binary = [UInt8](repeating: 0, count: 32)
        return text.utf8.count == length && zmq_z85_decode(&binary, text) != nil
    }

    /// Writes a new file of that mode, whatever the umask.
    static func write(
        _ text: String, to path: String, mode: mode_t
    ) throws(TransportError) {
        do throws(FileError) {
            let file = try OpenFile(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            try file.write(Array(text.utf8))
            try file.setMode(mode)
            try file.sync()
            try file.close()
        } catch {
            throw .keyNotWritten(path: path, reason: error.reason)
        }
    }

    /// Throws where group or others may do anything with a file.
    static func checkIsPrivate(_ path: String) throws(TransportError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw .keyFile(path: path, reason: FileError.words())
        }
        guard status.st_mode & 0o077 == 0 else {
            throw .keyPermissions(path: path, mode: status.st_mode & 0o777)
        }
    }

    /// A key of 32 bytes in Z85.
    static func text(ofKey key: [UInt8]) -> String? {
        var text = [CChar](repeating: 0, count: length + 1)
        guard key.count == 32, zmq_z85_encode(&text, key, key.count) != nil else { return nil }
        return self.text(text)
    }

    /// The text in a buffer that ends with NUL.
    static func text(_ buffer: [CChar]) -> String {
        String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
