import SyrinxCore
import SyrinxTestKit
import Testing

@testable import VoicePlugin

/// Fails with the first rules of the contract that the node's renderer breaks.
func expectConformance<N: Node>(
    _ type: N.Type, _ values: [String: Value] = [:], channels: [Int?] = [], tolerance: Float = 0,
    memoryFrames: Int? = 0, frames: Int = 9_000, moves: [NodeHarness.Move]? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    var plan = ConformancePlan(N.descriptor, channels: channels)
    plan.tolerance = tolerance
    plan.memoryFrames = memoryFrames
    plan.frames = frames
    plan.moves = moves
    let faults = try checkConformance(type, values, plan)
    if faults.isEmpty { return }
    Issue.record("\(faults.count) faults; the first: \(faults.prefix(3))", sourceLocation: sourceLocation)
}
