import Base
import Foundation
import Tensors
import TestSupport

@testable import Models
@testable import Training

extension GoldenCase {
    func matrix(_ name: String) throws -> Matrix {
        Matrix(try floats(name), columns: shape(name).last ?? 1)
    }
}

/// All rows of a source that can be trained on.
func rows(of source: TrainingSource) throws -> [TrainingExample] {
    var rows: [TrainingExample] = []
    _ = try source.read { row throws(TrainingError) in rows.append(row) }
    return rows
}

/// The error that `body` throws, nil where it succeeds.
func failure<T>(_ body: () throws(TrainingError) -> T) -> TrainingError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

/// Numbers around 0, from a seed.
func randomNumbers(_ count: Int, seed: UInt64, scale: Double = 1) -> [Double] {
    var dice = SplitMix(seed: seed)
    return (0..<count).map { _ in scale * (Double.random(in: -1...1, using: &dice)) }
}

func relativeDifference(_ a: Double, _ b: Double) -> Double {
    abs(a - b) / max(abs(a), abs(b), 1e-12)
}

/// ‖a − b‖ / ‖b‖.
func relativeDistance(_ a: [Float], _ b: [Float]) -> Double {
    guard a.count == b.count else { return .infinity }
    var difference = 0.0
    var norm = 0.0
    for (x, y) in zip(a, b) {
        difference += Double(x - y) * Double(x - y)
        norm += Double(y) * Double(y)
    }
    return (difference / max(norm, 1e-30)).squareRoot()
}
