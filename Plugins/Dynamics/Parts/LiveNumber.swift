internal import SyrinxCore
internal import SyrinxDSP

/// A live parameter of a renderer: knows its place in the descriptor, where it began, and how it glides.
struct LiveNumber: BitwiseCopyable {
    private let index: Int
    private let start: Float
    private let glideFrames: Int
    private var glide: LinearGlide

    /// - Parameter glideFrames: how long a change takes; 0: it holds from the next frame on.
    init(_ name: String, of descriptor: NodeDescriptor, at value: Double, over glideFrames: Int = 0) {
        index = descriptor.parameters.firstIndex { $0.name == name } ?? -1
        start = Float(value)
        self.glideFrames = glideFrames
        glide = LinearGlide(at: start)
    }

    /// Takes a new value if `parameter` is this one. Thread: render, between blocks.
    @_noLocks @_noAllocation
    mutating func set(_ parameter: Int, to value: Double) {
        if parameter == index { glide.aim(at: Float(value), over: glideFrames) }
    }

    @_noLocks @_noAllocation
    mutating func reset() { glide = LinearGlide(at: start) }

    @_noLocks @_noAllocation
    mutating func advance(by frames: Int) { glide.advance(by: frames) }

    /// True: every frame from here on has the same value.
    @_noLocks @_noAllocation
    func isSteady() -> Bool { glide.isSteady }

    /// The value of the frame `offset` frames ahead.
    @_noLocks @_noAllocation
    func value(at offset: Int = 0) -> Double { Double(glide.value(at: offset)) }
}

/// The factor of a one-pole smoother that has covered 1 − 1/e of a step after `milliseconds`: exp(−1/(τ·rate)).
///
/// - Returns: 0 for 0 ms: no smoothing. Thread: any.
@_noLocks @_noAllocation
func smoothingFactor(_ milliseconds: Double, rate: Double) -> Double {
    let frames = milliseconds * rate * 0.001
    return frames > 0 ? exp2(-1.442_695_040_888_963_4 / frames) : 0
}

/// Milliseconds as whole frames. Thread: control.
func frames(_ milliseconds: Double, rate: Int) -> Int { Int((milliseconds * Double(rate) / 1000).rounded()) }
