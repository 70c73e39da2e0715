import SyrinxCore
import SyrinxTestKit
import Testing

/// A processor that keeps every rule, or breaks one of them, as its only parameter says.
private struct SuspectNode: Node {
    static let descriptor = NodeDescriptor(
        type: "suspect", summary: "Breaks a rule.", inputs: [.audio("in")], outputs: [.audio("out")],
        parameters: [
            .choice("breaks", of: Rule.allCases.map(\.rawValue), default: "nothing", "What it does wrong."),
            .number("gain", in: 0...1, default: 1, live: true, "Its gain."),
        ],
        events: [EventDescriptor("block", "Something happened.")], worksInPlace: true)

    enum Rule: String, CaseIterable {
        case nothing, cuts, events, moves, heap, unwritten, overrun, input, reset, place, poison
    }

    private let rule: Rule

    init(_ parameters: Parameters) throws(PipelineError) {
        rule = Rule(rawValue: try parameters.string("breaks")) ?? .nothing
    }

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { .sameAsInput(request) }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(SuspectRenderer(rule)) }
}

private final class SuspectRenderer: Renderer {
    private let rule: SuspectNode.Rule
    private nonisolated(unsafe) var gain: Float = 1
    private nonisolated(unsafe) var last: Float = 0
    private nonisolated(unsafe) var blocks = 0
    private nonisolated(unsafe) var garbage: [Int] = []

    init(_ rule: SuspectNode.Rule) { self.rule = rule }

    func render(_ block: RenderBlock) {
        let (input, output) = (block.input[0], block.output[0])
        blocks += 1
        if rule == .heap { garbage = [Int](repeating: blocks, count: 100) }
        if rule == .events, !input.isEmpty { block.emit(0, at: block.input.position, rate: 48_000) }
        for k in input.indices {
            let x = input[k]
            switch rule {
            case .cuts: output[k] = k == 0 ? x * 0.5 : x
            case .unwritten where k == input.count - 1: break
            case .reset, .poison:
                last = 0.5 * last + x
                output[k] = last
            case .place:
                output[k] = 0
                output[k] = input[k]
            default: output[k] = x * gain
            }
        }
        if rule == .overrun { output.baseAddress?[input.count] = 0 }
        if rule == .input, let first = input.baseAddress, first != UnsafePointer(output.baseAddress) {
            UnsafeMutablePointer(mutating: first)[0] = 2
        }
    }

    func set(_ parameter: Int, to value: Double) {
        // A glide that counts blocks instead of frames.
        gain = rule == .moves ? Float(value) / Float(1 + blocks) : Float(value)
    }

    func reset() {
        gain = 1
        blocks = 0
        if rule != .reset { last = 0 }
    }
}

@Suite("checkConformance")
struct ConformanceTests {
    private func faults(_ rule: SuspectNode.Rule) throws -> [String] {
        var plan = ConformancePlan(SuspectNode.descriptor, channels: [1])
        plan.frames = 5_000
        return try checkConformance(SuspectNode.self, ["breaks": .string(rule.rawValue)], plan)
    }

    @Test("finds nothing wrong with a renderer that keeps the rules")
    func innocent() throws {
        #expect(try faults(.nothing) == [])
    }

    @Test(
        "finds each broken rule and names it",
        arguments: [
            (SuspectNode.Rule.cuts, "differs from frame"), (.events, "events differ"), (.moves, "differs from frame"),
            (.unwritten, "is not written to its last sample"), (.overrun, "is written to outside the block"),
            (.input, "input 0 is written to"), (.reset, "after a reset: output 0[0] differs"),
            (.place, "in place: output 0[0] differs"), (.poison, "outlasts 0 frames"),
        ])
    fileprivate func guilty(rule: SuspectNode.Rule, words: String) throws {
        let faults = try faults(rule)
        #expect(faults.contains { $0.contains(words) }, "\(faults.prefix(3))")
    }

    @Test("finds calls of the heap", .enabled(if: heapProbeIsOn, "a sanitizer has the heap"))
    func heap() throws {
        #expect(try faults(.heap).contains { $0.contains("calls of the heap") })
    }
}

@Suite("heapCalls")
struct HeapProbeTests {
    private final class Thing { var next: Thing? }

    @Test("counts what allocates and frees, and nothing else", .enabled(if: heapProbeIsOn, "a sanitizer has the heap"))
    func counts() {
        var sum = 0
        #expect(heapCalls { for k in 0..<1_000 { sum &+= k } } == 0)
        var thing: Thing?
        #expect(heapCalls { thing = Thing() } == 1)
        #expect(thing != nil)
        #expect(heapCalls { thing = nil } == 1)
        #expect(sum == 499_500)
    }
}

@Suite("NodeHarness")
struct NodeHarnessTests {
    @Test("slices time at the port's rate: sample k lies in the block that holds its instant")
    func slices() throws {
        let harness = try NodeHarness(
            SuspectNode.self, ["breaks": .string("events")], inputs: [StreamFormat(rate: 44_100, channels: 1)],
            masterRate: 48_000)
        let ramp = TestSignal.ramp(frames: 441)
        let rendered = try harness.render([[ramp]], frames: 480, cuts: [1])
        #expect(rendered.output[0] == ramp)
        // 480 blocks of one frame at R hold 441 frames: each begins where the last has ended.
        #expect(rendered.events.map(\.told) == Array(0..<441))
    }

    @Test("refuses unknown names, values out of range, and moves of what is not live")
    func faults() throws {
        #expect(throws: PipelineError.self) { try NodeHarness(SuspectNode.self, ["brakes": .string("x")]) }
        #expect(throws: PipelineError.self) { try NodeHarness(SuspectNode.self, ["gain": .number(2)]) }
        let harness = try NodeHarness(SuspectNode.self, inputs: [StreamFormat(rate: 48_000, channels: 1)])
        #expect(throws: PipelineError.self) {
            try harness.render(frames: 10, moves: [.init(at: 5, "breaks", to: 1)])
        }
    }
}
