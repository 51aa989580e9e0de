import Base
import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// Fetching, from a server of this host.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct ModelFetchTests {
    /// Serves a folder as a hub does, ranges included.
    private static let server = """
        import http.server, os, sys
        root = sys.argv[1]
        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *arguments):
                pass
            def do_GET(self):
                path = root + self.path.split('?')[0]
                with open(root + '/log', 'a') as log:
                    log.write(f"{self.path} {self.headers.get('Range', '-')}\\n")
                if self.path.startswith('/api/'):
                    path = root + '/tree.json'
                if not os.path.isfile(path):
                    return self.send_error(404)
                data = open(path, 'rb').read()
                start = 0
                if self.headers.get('Range', '').startswith('bytes='):
                    start = int(self.headers['Range'][6:].split('-')[0])
                    self.send_response(206)
                    self.send_header('Content-Range', f'bytes {start}-{len(data) - 1}/{len(data)}')
                else:
                    self.send_response(200)
                self.send_header('Content-Length', str(len(data) - start))
                self.end_headers()
                self.wfile.write(data[start:])
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        with open(root + '/port.new', 'w') as file:
            file.write(str(server.server_address[1]))
        os.rename(root + '/port.new', root + '/port')
        server.serve_forever()
        """

    private func serving(
        _ body: (_ root: String, _ address: String) throws -> Void
    ) throws {
        try withFolder { root in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["python3", "-c", Self.server, root]
            try process.run()
            defer {
                // Not terminate(): a child of a test's thread may have that signal blocked.
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
            }
            var port: String?
            for _ in 0..<600 where port == nil {
                port = try? String(contentsOfFile: root + "/port", encoding: .utf8)
                if port == nil { usleep(50_000) }
            }
            try body(root, "http://127.0.0.1:\(try #require(port))")
        }
    }

    /// Puts the tiny context encoder on the server; returns its weights.
    private func publish(_ root: String, digest: String? = nil) throws -> Data {
        let folder = root + "/org/tiny/resolve/main"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        var entries: [String] = []
        for part in ["dpr_ctx", "wordpiece"] {
            let from = "\(Goldens.folder)/models/\(part)"
            for name in try FileManager.default.contentsOfDirectory(atPath: from) {
                try FileManager.default.copyItem(
                    atPath: "\(from)/\(name)", toPath: "\(folder)/\(name)")
                let size = try Data(contentsOf: URL(fileURLWithPath: "\(from)/\(name)")).count
                let sha = try digest ?? OpenFile.sha256("\(from)/\(name)")
                let large = name.hasSuffix(".safetensors") ? #","lfs":{"oid":"\#(sha)"}"# : ""
                entries.append(
                    #"{"type":"file","path":"\#(name)","size":\#(size)\#(large)}"#)
            }
        }
        try "[\(entries.joined(separator: ","))]".write(
            toFile: root + "/tree.json", atomically: true, encoding: .utf8)
        return try Data(contentsOf: URL(fileURLWithPath: folder + "/model.safetensors"))
    }

    @Test func `a model comes from a hub, and goes on where it stopped`() throws {
        try serving { root, address in
            let weights = try publish(root)
            let target = root + "/fetched"
            try FileManager.default.createDirectory(
                atPath: target + ".part", withIntermediateDirectories: true)
            try weights[..<1000].write(
                to: URL(fileURLWithPath: target + ".part/model.safetensors.part"))
            let call = ["model", "fetch", "org/tiny", "--hub", address, "--output", target]
            let run = try Program.run(call + ["--quiet"], data: root)
            #expect(run.status == 0 && run.output == target + "\n", "\(run)")
            let log = try String(contentsOfFile: root + "/log", encoding: .utf8)
            #expect(log.contains("model.safetensors bytes=1000-"), "\(log)")
            let path = URL(fileURLWithPath: target + "/model.safetensors")
            #expect(try Data(contentsOf: path) == weights)
            let seen = try Program.run(["model", "inspect", target], data: root)
            #expect(seen.status == 0, "\(seen)")
            #expect(try Program.run(call, data: root).status == 0)
        }
    }

    @Test func `all that a model is read from comes along, and each revision by itself`() throws {
        try serving { root, address in
            _ = try publish(root)
            let folder = root + "/org/tiny/resolve/main"
            let more = ["generation_config.json", "spiece.model", "2_Dense/config.json"]
            let weights = ["2_Dense/model.safetensors", "2_Dense/pytorch_model.bin", "onnx/model"]
            var entries: [String] = []
            for name in more + weights {
                try FileManager.default.createDirectory(
                    atPath: (folder + "/" + name as NSString).deletingLastPathComponent,
                    withIntermediateDirectories: true)
                try Data(name.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
                entries.append(#"{"type":"file","path":"\#(name)","size":\#(name.utf8.count)}"#)
            }
            let tree = root + "/tree.json"
            let listed = try String(contentsOfFile: tree, encoding: .utf8).dropLast()
            try "\(listed),\(entries.joined(separator: ","))]".write(
                toFile: tree, atomically: true, encoding: .utf8)
            let target = root + "/fetched"
            let call = ["model", "fetch", "org/tiny", "--hub", address, "--output", target, "-q"]
            #expect(try Program.run(call, data: root).status == 0)
            for name in more + weights.prefix(1) {
                #expect(FileManager.default.fileExists(atPath: "\(target)/\(name)"), "\(name)")
            }
            for name in weights.dropFirst() {
                #expect(!FileManager.default.fileExists(atPath: "\(target)/\(name)"), "\(name)")
            }
            let other = try Program.run(call + ["--revision", "next"], data: root)
            #expect(other.status == 2 && other.error.contains("org/tiny main"), "\(other)")
            // What another revision left half done is not taken for this one's.
            let next = root + "/next"
            try FileManager.default.moveItem(atPath: target, toPath: next + ".part")
            try FileManager.default.copyItem(
                atPath: folder, toPath: root + "/org/tiny/resolve/next")
            let vocabulary = URL(fileURLWithPath: root + "/org/tiny/resolve/next/vocab.txt")
            let changed = Data(repeating: 0x61, count: try Data(contentsOf: vocabulary).count)
            try changed.write(to: vocabulary)
            let again = try Program.run(
                call.map { $0 == target ? next : $0 } + ["--revision", "next"], data: root)
            #expect(again.status == 0, "\(again)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: next + "/vocab.txt")) == changed)
        }
    }

    @Test func `content with another checksum is refused`() throws {
        try serving { root, address in
            _ = try publish(root, digest: String(repeating: "0", count: 64))
            let call = [
                "model", "fetch", "org/tiny", "--hub", address, "--output", root + "/fetched",
            ]
            let run = try Program.run(call, data: root)
            #expect(run.status == 2 && run.error.contains("SHA-256"), "\(run)")
            #expect(!FileManager.default.fileExists(atPath: root + "/fetched"))
            let missing = try Program.run(
                ["model", "fetch", "none", "--hub", address + "/x", "--json"], data: root)
            #expect(missing.status == 2, "\(missing)")
            let unnamed = try Program.run(["model", "fetch", "none"], data: root)
            #expect(unnamed.status == 2 && unnamed.error.contains("--hub"), "\(unnamed)")
        }
    }
}
