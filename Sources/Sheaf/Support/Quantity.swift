import Base
import Corpus
import Foundation

/// Counts, sizes and times as people read them.
public enum Quantity {
    /// A count with its thousands apart: `18,891`.
    public static func count(_ value: UInt64) -> String {
        let digits = String(value)
        return String(
            digits.enumerated().flatMap { index, digit in
                index > 0 && (digits.count - index) % 3 == 0 ? [",", digit] : [digit]
            })
    }

    /// A count with its noun: `1 batch`, `18,891 passages`.
    public static func count(_ value: some BinaryInteger, _ noun: String) -> String {
        "\(count(UInt64(clamping: value))) \(value == 1 ? noun : plural(noun))"
    }

    /// A size: `12.3 MiB`.
    public static func bytes(_ value: UInt64) -> String {
        let units = ["KiB", "MiB", "GiB", "TiB"]
        guard value >= 1024 else { return "\(value) B" }
        var size = Double(value) / 1024
        var unit = 0
        while size >= 1024, unit + 1 < units.count {
            size /= 1024
            unit += 1
        }
        return String(format: "%.1f ", size) + units[unit]
    }

    /// A rate: two digits behind the point below ten, none from a hundred on.
    public static func rate(_ value: Double) -> String {
        guard value < 100 else { return count(UInt64(value.rounded())) }
        return String(format: value < 10 ? "%.2f" : "%.1f", value)
    }

    /// A time: `0.4 s`, `42 s`, `3 min 5 s`, `2 h 4 min`.
    public static func time(_ duration: Duration) -> String {
        let seconds = duration.seconds
        if seconds < 10 { return String(format: "%.1f s", seconds) }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }
}
