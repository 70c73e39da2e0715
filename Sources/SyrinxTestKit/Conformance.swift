public import SyrinxCore

/// The circumstances under which ``checkConformance(_:_:_:)`` tries a renderer.
public struct ConformancePlan: Sendable {
    /// The formats of one trial.
    public struct Formats: Sendable {
        /// One for each stream input; nil: not linked.
        public var inputs: [StreamFormat?]
        public var masterRate: Int

        public init(inputs: [StreamFormat?], masterRate: Int) {
            self.inputs = inputs
            self.masterRate = masterRate
        }
    }

    /// Every rule is tried with each of these.
    public var formats: [Formats]
    /// How long a trial is, in frames of R.
    public var frames = 9_000
    /// The largest difference that cuts may make; 0: bit for bit.
    public var tolerance: Float = 0
    /// How many frames of its output after NaN and infinity went in the node may still give them; nil: not tried.
    public var memoryFrames: Int? = 0
    /// How live parameters move during a trial; nil: each of them, to the quarter and three quarters of its range.
    public var moves: [NodeHarness.Move]?

    public init(formats: [Formats]) { self.formats = formats }

    /// Two rates, and a third set-up whose ports run at a rate that is not R, so that blocks differ in length.
    ///
    /// - Parameter channels: of each audio input in the descriptor's order; a control input is fed too, whatever it says.
    public init(_ descriptor: NodeDescriptor, channels: [Int?]) {
        formats = [(48_000, 48_000), (44_100, 44_100), (44_100, 48_000)].map { rate, masterRate in
            let inputs: [StreamFormat?] = descriptor.streamInputs.enumerated().map { index, port in
                if port.kind == .control { return StreamFormat(rate: Limits.controlRate, channels: 1) }
                guard channels.indices.contains(index), let count = channels[index] else { return nil }
                return StreamFormat(rate: rate, channels: count)
            }
            return Formats(inputs: inputs, masterRate: masterRate)
        }
    }
}

/// Tries whether a node's renderer keeps the contract, and tells every rule that it breaks.
///
/// ```swift
/// #expect(try checkConformance(GainNode.self, ["gain_db": .number(-6)], .init(GainNode.descriptor, channels: [2])) == [])
/// ```
///
/// The rules: what comes out does not depend on how time was cut (1, 7, 64, 480, 4096, random, blocks without frames),
/// moves of live parameters and events included; the heap is left alone; every output sample is written and nothing else
/// is; work in place gives the same; reset is a fresh start; silence and denormals give finite samples; NaN and infinity
/// do not outlast the node's memory.
///
/// - Returns: one sentence for each broken rule; empty for a renderer that keeps them all.
public func checkConformance<N: Node>(
    _ type: N.Type, _ values: [String: Value] = [:], _ plan: ConformancePlan
) throws(PipelineError) -> [String] {
    var faults: [String] = []
    for formats in plan.formats {
        let trial = ConformanceTrial(type, values, plan, formats)
        let place = formats.inputs.compactMap { $0 }.map { "\($0.channels)×\($0.rate)" }.joined(separator: ", ")
        for fault in try trial.run() { faults.append("[\(place) at R = \(formats.masterRate)] \(fault)") }
    }
    return faults
}
