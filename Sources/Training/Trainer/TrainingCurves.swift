import Foundation

/// Draws the log of a run as an SVG picture: the loss, the deciding measure, the learning rate.
enum TrainingCurves {
    private static let width = 900.0
    private static let panelHeight = 220.0
    private static let margin = (left: 70.0, right: 20.0, top: 34.0, bottom: 30.0)
    /// Points of a curve at most; more are averaged.
    private static let points = 800

    /// One curve of a panel.
    private struct Curve {
        var title: String
        var colour: String
        var points: [(x: Double, y: Double)]
        var isMarked = false
    }

    /// The picture of some lines.
    static func picture(of lines: [TrainingLog.Line], measure: String) -> String {
        func curve(
            _ title: String, _ colour: String, _ value: (TrainingLog.Line) -> Double?
        ) -> Curve {
            Curve(
                title: title, colour: colour,
                points: lines.compactMap { line in
                    value(line).map { (Double(line.step), $0) }
                })
        }
        var measured = curve("validation \(measure)", "#c0392b") {
            $0.evaluation?.values[measure]
        }
        measured.isMarked = true
        let curves = [
            curve("loss", "#2c5f9e") { $0.loss }, measured,
            curve("learning rate", "#3c7d3c") { $0.learningRate },
        ].filter { !$0.points.isEmpty }
        let last = Double(lines.map(\.step).max() ?? 1)
        let height = panelHeight * Double(max(1, curves.count))
        var text =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(number(width)) "
            + "\(number(height))\" font-family=\"sans-serif\" font-size=\"12\">\n"
            + "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
        for (index, curve) in curves.enumerated() {
            text += panel(curve, top: panelHeight * Double(index), lastStep: max(1, last))
        }
        return text + "</svg>\n"
    }

    private static func panel(_ curve: Curve, top: Double, lastStep: Double) -> String {
        let left = margin.left
        let right = width - margin.right
        let high = top + margin.top
        let low = top + panelHeight - margin.bottom
        let values = curve.points.map(\.y)
        let least = values.min() ?? 0
        let most = max(values.max() ?? 1, least + 1e-12)
        func x(_ step: Double) -> Double { left + (right - left) * step / lastStep }
        func y(_ value: Double) -> Double { low - (low - high) * (value - least) / (most - least) }
        var text =
            "<text x=\"\(number(left))\" y=\"\(number(high - 12))\" font-weight=\"bold\">"
            + "\(escaped(curve.title))</text>\n"
        for share in [0.0, 0.5, 1] {
            let value = least + share * (most - least)
            let height = number(y(value))
            text +=
                "<line x1=\"\(number(left))\" x2=\"\(number(right))\" y1=\"\(height)\" "
                + "y2=\"\(height)\" stroke=\"#ddd\"/>"
                + "<text x=\"\(number(left - 6))\" y=\"\(height)\" text-anchor=\"end\" "
                + "dominant-baseline=\"middle\">\(String(format: "%.4g", value))</text>\n"
        }
        text +=
            "<text x=\"\(number(right))\" y=\"\(number(low + 18))\" text-anchor=\"end\">step "
            + "\(Int(lastStep))</text>\n"
        let path = reduced(curve.points).map { "\(number(x($0.x))),\(number(y($0.y)))" }
        text +=
            "<polyline fill=\"none\" stroke=\"\(curve.colour)\" stroke-width=\"1.5\" points=\""
            + path.joined(separator: " ") + "\"/>\n"
        if curve.isMarked {
            for point in reduced(curve.points) {
                text +=
                    "<circle cx=\"\(number(x(point.x)))\" cy=\"\(number(y(point.y)))\" r=\"3\" "
                    + "fill=\"\(curve.colour)\"/>\n"
            }
        }
        return text
    }

    /// Averages neighbours where there are more points than can be seen.
    private static func reduced(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        let size = (points.count + Self.points - 1) / Self.points
        guard size > 1 else { return points }
        return stride(from: 0, to: points.count, by: size).map { start in
            let bucket = points[start..<min(start + size, points.count)]
            let count = Double(bucket.count)
            return (
                bucket.reduce(0) { $0 + $1.x } / count, bucket.reduce(0) { $0 + $1.y } / count
            )
        }
    }

    private static func number(_ value: Double) -> String { String(format: "%.1f", value) }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
    }
}
