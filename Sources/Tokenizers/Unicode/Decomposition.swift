import Foundation

/// Canonical decomposition (NFD) of single scalars, and the order of marks.
enum Decomposition {
    /// Appends the full canonical decomposition of the scalar.
    static func append(_ value: UInt32, to out: inout [UInt32]) {
        if value < 0xC0 {
            out.append(value)
        } else if value >= 0xAC00 && value <= 0xD7A3 {
            appendHangul(value, to: &out)
        } else if let parts = table[value] {
            out.append(contentsOf: parts)
        } else {
            out.append(value)
        }
    }

    /// True when the decomposition of the scalar is not itself.
    static func changes(_ value: UInt32) -> Bool {
        (value >= 0xAC00 && value <= 0xD7A3) || table[value] != nil
    }

    /// A Hangul syllable is two or three letters (The Unicode Standard, section 3.12).
    private static func appendHangul(_ value: UInt32, to out: inout [UInt32]) {
        let index = value - 0xAC00
        out.append(0x1100 + index / 588)
        out.append(0x1161 + index % 588 / 28)
        if index % 28 != 0 { out.append(0x11A7 + index % 28) }
    }

    /// The blocks that hold canonical decompositions, Hangul syllables apart.
    private static let blocks: [ClosedRange<UInt32>] = [
        0xC0...0x30FF, 0xF900...0xFB4F, 0x11080...0x1197F, 0x1D100...0x1D1FF, 0x2F800...0x2FA1F,
    ]

    /// Made once from Foundation, by one normalisation of all scalars of the blocks, a line each.
    private static let table: [UInt32: [UInt32]] = {
        var text = ""
        var order: [UInt32] = []
        for block in blocks {
            for value in block {
                guard let scalar = Unicode.Scalar(value) else { continue }
                text.unicodeScalars.append(scalar)
                text.unicodeScalars.append("\n")
                order.append(value)
            }
        }
        var table: [UInt32: [UInt32]] = [:]
        var parts: [UInt32] = []
        var index = 0
        for scalar in text.decomposedStringWithCanonicalMapping.unicodeScalars {
            if scalar != "\n" {
                parts.append(scalar.value)
                continue
            }
            let value = order[index]
            // The one decomposition that is younger than the reference's tables of version 9.
            if parts != [value], let own = Unicode.Scalar(value),
                ScalarRules.isOf(version: 9, own)
            {
                table[value] = parts
            }
            parts.removeAll(keepingCapacity: true)
            index += 1
        }
        return table
    }()
}
