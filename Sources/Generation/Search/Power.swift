import Foundation

/// x to the power of y.
func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }

/// e to the power of x.
func exponential(_ x: Double) -> Double { exp(x) }
