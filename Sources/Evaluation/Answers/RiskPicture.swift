import Foundation

/// Draws risk over coverage as an SVG picture.
public enum RiskPicture {
    private static let size = 480.0
    private static let margin = (left: 60.0, right: 20.0, top: 34.0, bottom: 44.0)

    /// The picture of a curve.
    public static func picture(of risk: SelectiveRisk) -> String {
        let right = size - margin.right
        let low = size - margin.bottom
        let most = max(risk.curve.map(\.risk).max() ?? 0, 0.05)
        func x(_ coverage: Double) -> Double { margin.left + (right - margin.left) * coverage }
        func y(_ value: Double) -> Double { low - (low - margin.top) * value / most }
        var text =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(number(size)) "
            + "\(number(size))\" font-family=\"sans-serif\" font-size=\"12\">\n"
            + "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
            + "<text x=\"\(number(margin.left))\" y=\"20\" font-weight=\"bold\">"
            + "risk (share of given answers that are wrong)</text>\n"
            + "<text x=\"\(number(right))\" y=\"\(number(size - 8))\" text-anchor=\"end\">"
            + "coverage (share of questions that are answered)</text>\n"
        for share in [0, 0.25, 0.5, 0.75, 1] {
            let height = number(y(share * most))
            text +=
                "<line x1=\"\(number(margin.left))\" x2=\"\(number(right))\" y1=\"\(height)\" "
                + "y2=\"\(height)\" stroke=\"#ddd\"/>"
                + "<text x=\"\(number(margin.left - 6))\" y=\"\(height)\" text-anchor=\"end\" "
                + "dominant-baseline=\"middle\">\(String(format: "%.3g", share * most))</text>"
                + "<text x=\"\(number(x(share)))\" y=\"\(number(low + 16))\" "
                + "text-anchor=\"middle\">\(String(format: "%g", share))</text>\n"
        }
        // The risk of a group of equal confidence holds from its first answer on.
        var path: [String] = []
        var from = 0.0
        for point in risk.curve {
            path.append("\(number(x(from))),\(number(y(point.risk)))")
            path.append("\(number(x(point.coverage))),\(number(y(point.risk)))")
            from = point.coverage
        }
        return text
            + "<polyline fill=\"none\" stroke=\"#2c5f9e\" stroke-width=\"1.5\" points=\""
            + path.joined(separator: " ") + "\"/>\n</svg>\n"
    }

    private static func number(_ value: Double) -> String { String(format: "%.1f", value) }
}
