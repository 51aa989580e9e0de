import Base
import Foundation
import Sheaf

/// Progress on the standard error: a bar that redraws itself on a terminal, else a plain line now
/// and then.
final class ProgressLine: Sendable {
    /// Time between two plain lines.
    private static let plainInterval: Duration = .seconds(5)
    private static let barWidth = 24

    private struct State {
        var meter = ProgressMeter()
        var wait = StorageWait()
        var idle = IdleWait()
        var phase = ""
        /// Passages done by earlier runs of the same command.
        var before: UInt64?
        var lastPlain = Duration.zero
        var isDrawn = false
    }

    private let isQuiet: Bool
    private let isTerminal = Terminal.errorIsTerminal
    private let began = ContinuousClock().now
    private let state = Locked(State())

    init(isQuiet: Bool) {
        self.isQuiet = isQuiet
    }

    /// Shows where an indexing run is.
    func show(_ report: IndexProgress) {
        // Said once, and to those too who want no progress: without space nothing goes on.
        let hasStopped = state.withLock { $0.wait.note(report, at: ContinuousClock().now) }
        if hasStopped {
            end()
            Terminal.say("waiting: \(report.note) Indexing goes on by itself then.")
        }
        if let reason = state.withLock({ $0.idle.note(report, at: ContinuousClock().now) }) {
            end()
            Terminal.say("waiting: \(reason)")
        }
        switch report.state {
        case .scanning:
            show(phase: "reading", done: report.passagesTotal, total: nil, unit: "passage")
        case .checking:
            show(
                phase: "checking", done: report.passagesCommitted, total: report.passagesTotal,
                unit: "passage")
        case .encoding, .paused:
            let before = state.withLock { state in
                state.before = state.before ?? report.passagesBefore
                return state.before ?? 0
            }
            show(
                phase: report.state == .paused ? "waiting for space" : "encoding",
                done: report.passagesDone(before: before), total: report.passagesTotal,
                unit: "passage",
                more: "batch \(report.batchesCommitted)/\(report.batchesTotal)")
        case .publishing, .complete, .unknown: break
        }
    }

    /// Shows that `done` of `total` units are done; nil: nobody knows how many there are.
    func show(phase: String, done: UInt64, total: UInt64?, unit: String, more: String = "") {
        guard !isQuiet else { return }
        let now = ContinuousClock().now - began
        state.withLock { state in
            if state.phase != phase {
                state.phase = phase
                state.meter = ProgressMeter()
            }
            state.meter.note(done: done, at: now)
            let text = describe(state, done: done, total: total, unit: unit, more: more)
            if isTerminal {
                draw(bar(done: done, total: total) + text, &state)
            } else if now - state.lastPlain >= ProgressLine.plainInterval {
                state.lastPlain = now
                Terminal.say(text)
            }
        }
    }

    /// Leaves the line, so that what is printed next stands on its own.
    func end() {
        state.withLock { state in
            guard state.isDrawn else { return }
            state.isDrawn = false
            FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
        }
    }

    private func describe(
        _ state: State, done: UInt64, total: UInt64?, unit: String, more: String
    ) -> String {
        var parts = [
            "\(state.phase) " + (total == nil ? "" : "\(Quantity.count(done)) of ")
                + Quantity.count(total ?? done, unit)
        ]
        if let rate = state.meter.rate { parts.append("\(Quantity.rate(rate))/s") }
        if !more.isEmpty { parts.append(more) }
        if let total, total > done, let left = state.meter.time(for: total - done) {
            parts.append("\(Quantity.time(left)) left")
        }
        return parts.joined(separator: ", ")
    }

    private func bar(done: UInt64, total: UInt64?) -> String {
        guard let total, total > 0 else { return "" }
        let width = ProgressLine.barWidth
        let filled = min(width, Int(Double(width) * Double(done) / Double(total)))
        return "[" + String(repeating: "#", count: filled)
            + String(repeating: ".", count: width - filled) + "] "
    }

    private func draw(_ line: String, _ state: inout State) {
        state.isDrawn = true
        let text = String(line.prefix(max(20, Terminal.width - 1)))
        FileHandle.standardError.write(Data("\r\(text)\u{1B}[K".utf8))
    }
}
