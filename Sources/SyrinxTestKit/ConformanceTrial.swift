internal import Glibc
internal import SyrinxCore

/// The rules of ``checkConformance(_:_:_:)`` for one set of formats.
struct ConformanceTrial<N: Node> {
    private let values: [String: Value]
    private let plan: ConformancePlan
    private let formats: ConformancePlan.Formats
    private let moves: [NodeHarness.Move]

    init(_ type: N.Type, _ values: [String: Value], _ plan: ConformancePlan, _ formats: ConformancePlan.Formats) {
        self.values = values
        self.plan = plan
        self.formats = formats
        moves = plan.moves ?? Self.moves(of: N.descriptor, frames: plan.frames)
    }

    func run() throws(PipelineError) -> [String] {
        let noise = streams { TestSignal.noise(seed: $0 + 1, frames: $1) }
        let reference = try make(largestBlock: plan.frames).render(
            noise, frames: plan.frames, cuts: [plan.frames], moves: moves)
        var faults = reference.faults.sorted()
        for output in reference.outputs.joined() where output.contains(where: { !$0.isFinite }) {
            faults.append("noise in gives a sample that is not finite")
        }
        for (name, cuts) in Self.cuts(frames: plan.frames) {
            let harness = try make(largestBlock: cuts.max() ?? 1)
            let rendered = try harness.render(noise, frames: plan.frames, cuts: cuts, moves: moves)
            faults += differences(rendered, reference, "blocks of \(name)", tolerance: plan.tolerance)
            if rendered.heapCalls > 0 { faults.append("blocks of \(name): \(rendered.heapCalls) calls of the heap") }
            faults += rendered.faults.subtracting(reference.faults).sorted()
            harness.reset()
            let again = try harness.render(noise, frames: plan.frames, cuts: cuts, moves: moves)
            faults += differences(again, rendered, "blocks of \(name), after a reset", tolerance: 0)
            if harness.absorbsInputs {
                harness.reset()
                let looped = try harness.render(noise, frames: plan.frames, cuts: cuts, moves: moves, inLoop: true)
                faults += differences(looped, reference, "blocks of \(name), in a loop", tolerance: plan.tolerance)
            }
        }
        faults += try inPlace(noise, reference)
        faults += try extremes()
        return faults
    }

    private func make(largestBlock: Int = 4096) throws(PipelineError) -> NodeHarness {
        try NodeHarness(
            N.self, values, inputs: formats.inputs, masterRate: formats.masterRate, largestBlock: largestBlock)
    }

    private func inPlace(
        _ noise: [[[Float]]], _ reference: NodeHarness.Rendered
    ) throws(PipelineError) -> [String] {
        let harness = try make()
        guard harness.canWorkInPlace else { return [] }
        let rendered = try harness.render(noise, frames: plan.frames, cuts: [480, 7], moves: moves, inPlace: true)
        return differences(rendered, reference, "in place", tolerance: plan.tolerance) + rendered.faults.sorted()
    }

    private func extremes() throws(PipelineError) -> [String] {
        var faults: [String] = []
        for (name, value) in [("silence", Float(0)), ("denormals", Float(1e-40)), ("full scale", Float(1))] {
            let rendered = try make().render(
                streams { _, frames in TestSignal.constant(value, frames: frames) }, frames: plan.frames, cuts: [480])
            if rendered.outputs.joined().joined().contains(where: { !$0.isFinite }) {
                faults.append("\(name) in gives a sample that is not finite")
            }
        }
        guard let memory = plan.memoryFrames, !formats.inputs.isEmpty else { return faults }
        let noise = streams { TestSignal.noise(seed: $0 + 1, frames: $1) }
        for poison in [Float.nan, .infinity, -.infinity] {
            let at = plan.frames / 4
            var inputs = noise
            var last = 0.0
            for (port, format) in formats.inputs.enumerated() {
                guard let format else { continue }
                let frame = PortMemory.boundary(at, rate: format.rate, masterRate: formats.masterRate)
                for channel in 0..<format.channels { inputs[port][channel][frame] = poison }
                last = max(last, Double(frame) / Double(format.rate))
            }
            for cuts in [[64], [plan.frames]] {
                let harness = try make(largestBlock: cuts[0])
                let rendered = try harness.render(inputs, frames: plan.frames, cuts: cuts)
                for (port, channels) in rendered.outputs.enumerated() {
                    let rate = harness.setup.outputs[port].format.rate
                    let deadline = Int((last * Double(rate)).rounded(.up)) + 1 + memory
                    for samples in channels where samples.dropFirst(deadline).contains(where: { !$0.isFinite }) {
                        faults.append("\(poison) in outlasts \(memory) frames in blocks of \(cuts[0])")
                    }
                }
            }
        }
        return faults
    }

    /// A stream for every input.
    private func streams(_ make: (_ seed: UInt64, _ frames: Int) -> [Float]) -> [[[Float]]] {
        formats.inputs.enumerated().map { index, format in
            guard let format else { return [] }
            let frames = PortMemory.boundary(plan.frames, rate: format.rate, masterRate: formats.masterRate)
            return (0..<format.channels).map { make(UInt64(index * 1_000 + $0), frames) }
        }
    }

    private func differences(
        _ one: NodeHarness.Rendered, _ other: NodeHarness.Rendered, _ name: String, tolerance: Float
    ) -> [String] {
        var faults: [String] = []
        for (port, (a, b)) in zip(one.outputs, other.outputs).enumerated() {
            for (channel, (x, y)) in zip(a, b).enumerated() {
                if x.count != y.count {
                    faults.append("\(name): output \(port)[\(channel)] has \(x.count) samples, not \(y.count)")
                    continue
                }
                if areIdentical(x, y) { continue }
                let differs = x.indices.first { k in
                    let equal = x[k] == y[k] || (x[k].isNaN && y[k].isNaN)
                    return !equal && !(abs(x[k] - y[k]) <= tolerance)
                }
                guard let k = differs else { continue }
                faults.append("\(name): output \(port)[\(channel)] differs from frame \(k) on: \(x[k]), not \(y[k])")
            }
        }
        let (told, expected) = (Self.sorted(one.events), Self.sorted(other.events))
        if told != expected { faults.append("\(name): events differ: \(told.count), not \(expected.count)") }
        return faults
    }

    /// The quick way through, for streams that are equal bit for bit.
    private func areIdentical(_ one: [Float], _ other: [Float]) -> Bool {
        one.withUnsafeBytes { a in
            other.withUnsafeBytes { b in
                guard let first = a.baseAddress, let second = b.baseAddress else { return a.count == b.count }
                return memcmp(first, second, a.count) == 0
            }
        }
    }

    /// Events as text, in an order that does not depend on cuts.
    private static func sorted(_ events: [RenderEvent]) -> [String] {
        events.sorted { ($0.told * 64 + Int($0.kind)) < ($1.told * 64 + Int($1.kind)) }
            .map { "\($0.kind) \($0.told) \($0.happened) \($0.rate) \($0.values)" }
    }

    private static func cuts(frames: Int) -> [(String, [Int])] {
        var random = SeededRandom(seed: 99)
        let odd = (0..<200).map { _ in Int.random(in: 0...300, using: &random) }
        return [1, 7, 64, 480, 4096].map { ("\($0)", [$0]) } + [("random lengths", odd + [1])]
    }

    private static func moves(of descriptor: NodeDescriptor, frames: Int) -> [NodeHarness.Move] {
        var moves: [NodeHarness.Move] = []
        for (index, parameter) in descriptor.parameters.enumerated() where parameter.live {
            let range: ClosedRange<Double>
            switch parameter.kind {
            case .number(let numbers): range = numbers
            case .integer(let integers): range = Double(integers.lowerBound)...Double(integers.upperBound)
            default: continue
            }
            let width = range.upperBound - range.lowerBound
            let start = frames / 5 + 11 * index
            moves.append(.init(at: start, parameter.name, to: (range.lowerBound + width / 4).rounded(.down)))
            moves.append(.init(at: start + 133, parameter.name, to: range.lowerBound + width * 3 / 4))
            moves.append(.init(at: start + 3_001, parameter.name, to: range.lowerBound + width / 2))
        }
        return moves
    }
}
