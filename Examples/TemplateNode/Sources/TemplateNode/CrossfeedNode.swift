public import SyrinxCore

/// Lets a little of each side of a stereo signal be heard on the other: easier on the ears under headphones.
///
/// - Ports: `in` and `out`, two channels at the same rate; may run in place. Latency: 0 frames.
public struct CrossfeedNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "crossfeed", summary: "Mixes a little of each side of stereo into the other.",
        inputs: [.audio("in", "Two channels.")], outputs: [.audio("out", "Two channels.")],
        parameters: [
            .number(
                "amount_percent", in: 0...100, default: 30, unit: .percent, live: true,
                "How much: 0 is none, 100 is mono. Glides in 20 ms.")
        ],
        events: [],
        worksInPlace: true,
        details: "With a = amount/200: left = (1 − a)·L + a·R, right = (1 − a)·R + a·L. Mono passes unchanged.",
        example: #""phones_mix": { "type": "crossfeed", "amount_percent": 40 }"#)

    private let amount: Double

    // The descriptor has checked kind and range, and filled in the default. Only what it cannot say is checked here.
    public init(_ parameters: Parameters) throws(PipelineError) {
        amount = try parameters.number("amount_percent")
    }

    public func inputChannels(_ port: String) -> Int? { 2 }

    // Formats: what comes out for what goes in, with latency and tail. This node changes neither.
    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { .sameAsInput(request) }

    // Everything that rendering needs is made here: this may allocate, throw and take its time.
    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(CrossfeedRenderer(percent: amount, rate: setup.input.format.rate))
    }
}

/// The render half of ``CrossfeedNode``: called once a cycle, must not allocate, lock, wait or call the system.
final class CrossfeedRenderer: Renderer {
    private let initial: Float
    /// Length of a glide: counted in frames, so that what comes out does not depend on the block size.
    private let glideFrames: Int
    // Owned by the render thread.
    private nonisolated(unsafe) var share: Float
    private nonisolated(unsafe) var goal: Float
    private nonisolated(unsafe) var step: Float = 0
    private nonisolated(unsafe) var framesLeft = 0

    init(percent: Double, rate: Int) {
        initial = Float(percent / 200)
        glideFrames = max(1, rate / 50)
        share = initial
        goal = initial
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        // State goes into locals once and back once.
        var (share, left) = (share, framesLeft)
        let (goal, step) = (goal, step)
        let input = block.input
        let output = block.output
        let (fromLeft, fromRight) = (input[0], input[1])
        let (toLeft, toRight) = (output[0], output[1])
        for frame in 0..<input.frameCount {
            // Read both before writing either: input and output may be the same memory.
            let (l, r) = (fromLeft[frame], fromRight[frame])
            toLeft[frame] = l + share * (r - l)
            toRight[frame] = r + share * (l - r)
            if left > 0 {
                left -= 1
                share = left == 0 ? goal : share + step
            }
        }
        self.share = share
        framesLeft = left
    }

    // The engine cuts the block at the frame where a live parameter changes, and calls this between the pieces.
    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        goal = Float(value / 200)
        framesLeft = glideFrames
        step = (goal - share) / Float(glideFrames)
    }

    @_noLocks @_noAllocation
    func reset() {
        share = initial
        goal = initial
        framesLeft = 0
    }
}
