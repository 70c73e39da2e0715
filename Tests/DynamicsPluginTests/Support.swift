import Glibc
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import DynamicsPlugin

/// Fails with the first rules of the contract that the node's renderer breaks.
func expectConformance<N: Node>(
    _ type: N.Type, _ values: [String: Value] = [:], channels: [Int?] = [], frames: Int = 3_800,
    moves: [NodeHarness.Move]? = nil, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    var plan = ConformancePlan(N.descriptor, channels: channels)
    plan.frames = frames
    plan.moves = moves
    let faults = try checkConformance(type, values, plan)
    if faults.isEmpty { return }
    Issue.record("\(faults.count) faults; the first: \(faults.prefix(3))", sourceLocation: sourceLocation)
}

let stereo48 = StreamFormat(rate: 48_000, channels: 2)
let mono48 = StreamFormat(rate: 48_000, channels: 1)
let control = StreamFormat(rate: 1_000, channels: 1)

func decibels(_ factor: some BinaryFloatingPoint) -> Double { 20 * log10(abs(Double(factor))) }
func linear(_ decibels: Double) -> Double { pow(10, decibels / 20) }

/// A stream of a constant level, as a step from one to another: samples of alternating sign have no gaps for a peak
/// detector to fall into.
func square(_ levels: [(decibels: Double, frames: Int)]) -> [Float] {
    var samples: [Float] = []
    for (level, frames) in levels {
        for _ in 0..<frames { samples.append(Float(linear(level)) * (samples.count % 2 == 0 ? 1 : -1)) }
    }
    return samples
}

/// The waveform between samples, as an independent judge sees it: a long sinc under a Blackman window, at many places.
enum Interpolator {
    /// The highest point of a stream, in dB: 16 places a sample, 256 taps a place.
    static func truePeak(_ samples: [Float], oversampling: Int = 16, reach: Int = 128) -> Double {
        var padded = [Double](repeating: 0, count: reach)
        padded += samples.map(Double.init)
        padded += [Double](repeating: 0, count: reach)
        var highest = samples.reduce(0.0) { max($0, abs(Double($1))) }
        for place in 1..<oversampling {
            let filter = kernel(at: Double(place) / Double(oversampling), reach: reach)
            filter.withUnsafeBufferPointer { filter in
                padded.withUnsafeBufferPointer { padded in
                    for start in 0...(padded.count - 2 * reach) {
                        var sums = SIMD4<Double>()
                        var tap = 0
                        while tap < 2 * reach {
                            let at = start &+ tap
                            sums +=
                                SIMD4(padded[at], padded[at &+ 1], padded[at &+ 2], padded[at &+ 3])
                                * SIMD4(filter[tap], filter[tap &+ 1], filter[tap &+ 2], filter[tap &+ 3])
                            tap &+= 4
                        }
                        highest = max(highest, abs(sums.sum()))
                    }
                }
            }
        }
        return 20 * log10(highest)
    }

    /// Coefficients for the point `fraction` behind tap reach − 1.
    static func kernel(at fraction: Double, reach: Int) -> [Double] {
        let taps = (0..<2 * reach).map { tap -> Double in
            let distance = Double(tap - (reach - 1)) - fraction
            let edge = distance / Double(reach)
            let window = 0.42 + 0.5 * cos(.pi * edge) + 0.08 * cos(2 * .pi * edge)
            return window * sin(.pi * distance) / (.pi * distance)
        }
        let sum = taps.reduce(0, +)
        return taps.map { $0 / sum }
    }
}
