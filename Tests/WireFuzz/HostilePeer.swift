/// A worker or client that speaks the wire by itself: it joins, and then sends whatever it likes.
package final class HostilePeer {
    package let name: String
    private let role: UInt64
    private let incarnation: UInt64
    private let control: String
    /// The sockets of its lanes, control first; those behind it once it was welcome.
    private var lanes: [RawSocket]
    private var clusterID = ""
    private var epoch: UInt64 = 0
    private var lastSync: UInt64 = 1 << 40
    /// Whether the other side has forgotten it.
    private var isUnknown = false

    /// Numbers that it was told and may say again: batches, attempts, requests.
    package private(set) var told: [String: [UInt64]] = [:]

    /// Connects to a control endpoint; `role` is that of HELLO, nil for one that never says it.
    package init(_ name: String, role: UInt64?, incarnation: UInt64, to endpoint: String) {
        self.name = name
        self.role = role ?? 0
        self.incarnation = incarnation
        control = endpoint
        let id = Self.id(name, incarnation)
        lanes = [RawSocket(.dealer(id: id), endpoint)]
        if role != nil { join() }
    }

    /// How many lanes it has.
    package var laneCount: Int { lanes.count }

    private static func id(_ name: String, _ incarnation: UInt64) -> String {
        let digits = String(incarnation, radix: 16)
        return name + "#" + String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Says HELLO on every lane.
    private func join() {
        isUnknown = false
        hello(on: 0)
        for _ in 0..<50 {
            guard let frames = lanes[0].receive(within: 200), let message = ReceivedMessage(frames)
            else { continue }
            guard message.type == 2 else { continue }
            (clusterID, epoch) = (message.clusterID, message.epoch)
            let welcome = ProtoReader(message.payload)
            if lanes.count == 1 {
                for field in [5, 6] {
                    lanes.append(
                        RawSocket(.dealer(id: Self.id(name, incarnation)), welcome.text(field)))
                }
            }
            for lane in 1..<lanes.count { hello(on: lane) }
            return
        }
    }

    private func hello(on lane: Int) {
        var hello = ProtoWriter()
        hello.number(role, at: 1)
        hello.block(Array(name.utf8), at: 2)
        hello.number(1, at: 5)
        var header = fields()
        header.credit = 8 << 20
        lanes[lane].send(WireFrames.message(1, hello.bytes, header))
    }

    /// A header as an honest peer would fill it.
    package func fields() -> HeaderFields {
        var fields = HeaderFields()
        (fields.clusterID, fields.epoch) = (clusterID, epoch)
        (fields.sender, fields.incarnation) = (name, incarnation)
        return fields
    }

    /// Sends a message on one of its lanes.
    package func send(
        _ type: Int, _ payload: [UInt8], raw: [[UInt8]], _ fields: HeaderFields, lane: Int
    ) {
        lanes[lane].send(WireFrames.message(type, payload, raw: raw, fields))
    }

    /// Takes what has come; says HELLO again where it was forgotten.
    package func drain() {
        for lane in lanes {
            while let frames = lane.receive(within: 0) {
                if let message = ReceivedMessage(frames) { note(message) }
            }
        }
        if isUnknown { join() }
    }

    /// Waits until everything sent so far on the control lane has been looked at: asks for the
    /// status and waits for an answer, whatever it is; false where none comes in a minute.
    package func sync() -> Bool {
        lastSync += 1
        var header = fields()
        header.requestID = lastSync
        lanes[0].send(WireFrames.message(68, [], header))
        for _ in 0..<600 {
            guard let frames = lanes[0].receive(within: 100) else { continue }
            guard let message = ReceivedMessage(frames) else { continue }
            note(message)
            if message.requestID == lastSync { return true }
        }
        return false
    }

    private func note(_ message: ReceivedMessage) {
        func remember(_ name: String, _ value: UInt64?) {
            guard let value else { return }
            told[name] = Array(((told[name] ?? []) + [value]).suffix(8))
        }
        switch message.type {
        case 7: isUnknown = isUnknown || ProtoReader(message.payload).numbers[1] == 2
        case 16:
            let grant = ProtoReader(message.payload)
            remember("batch", grant.numbers[2] ?? 0)
            remember("attempt", grant.numbers[3])
            remember("rows", grant.numbers[5])
        case 35, 48, 50: remember("request", message.requestID)
        case 32: remember("generation", ProtoReader(message.payload).numbers[2])
        default: break
        }
    }
}
