import Base
import Foundation
import Tensors
import Testing

func exponential(_ x: Double) -> Double { exp(x) }
func naturalLogarithm(_ x: Double) -> Double { log(x) }

@Suite("Element conversions")
struct ConversionTests {
    @Test
    func `all half-precision numbers convert exactly`() {
        let source = (0...UInt16.max).map { $0 }
        var result = [Float](repeating: 0, count: source.count)
        let isFloat = source.withUnsafeBytes { bytes in
            bytes.baseAddress.map {
                ElementType.float16.convert($0, count: source.count, to: &result)
            }
        }
        #expect(isFloat == true)
        for (pattern, value) in zip(source, result) {
            let expected = Float(Float16(bitPattern: pattern))
            #expect(expected.isNaN ? value.isNaN : value.bitPattern == expected.bitPattern)
        }
    }

    @Test
    func `bfloat16 is the upper half of a float and float64 is rounded to nearest`() {
        var result = [Float](repeating: 0, count: 3)
        let upper: [UInt16] = [0x3F80, 0xC000, 0x7F80]
        _ = upper.withUnsafeBytes { bytes in
            bytes.baseAddress.map { ElementType.bfloat16.convert($0, count: 3, to: &result) }
        }
        #expect(result == [1, -2, .infinity])
        let wide = [0.1, -1e300, 1e-50]
        _ = wide.withUnsafeBytes { bytes in
            bytes.baseAddress.map { ElementType.float64.convert($0, count: 3, to: &result) }
        }
        #expect(result == [0.1, -.infinity, 0])
    }

    @Test
    func `integers are not taken for weights`() {
        var result: [Float] = [7]
        let source: [Int64] = [1]
        let isFloat = source.withUnsafeBytes { bytes in
            bytes.baseAddress.map { ElementType.int64.convert($0, count: 1, to: &result) }
        }
        #expect(isFloat == false)
        #expect(result == [7])
    }

    @Test
    func `the first value that is not finite is found`() {
        var values = [Float](repeating: 1, count: 10_000)
        #expect(firstNotFinite(values, count: values.count) == nil)
        values[9_999] = .nan
        #expect(firstNotFinite(values, count: values.count) == 9_999)
        values[4_096] = -.infinity
        #expect(firstNotFinite(values, count: values.count) == 4_096)
        values[0] = .infinity
        #expect(firstNotFinite(values, count: values.count) == 0)
        #expect(firstNotFinite(values, count: 0) == nil)
    }

    @Test
    func `worker threads run every share once`() {
        for count in 1...5 {
            var seen = [Int](repeating: 0, count: count)
            seen.withUnsafeMutableBufferPointer { seen in
                let start = seen.baseAddress
                Threads.run(count: count) { worker in start?[worker] += 1 }
            }
            #expect(seen == [Int](repeating: 1, count: count))
        }
    }
}
