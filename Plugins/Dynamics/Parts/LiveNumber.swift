internal import SyrinxCore
internal import SyrinxDSP

/// A live parameter as a renderer reads it; ``LiveNumbers`` owns it.
///
/// - Thread: render.
struct LiveNumber: BitwiseCopyable {
    fileprivate let glide: UnsafeMutablePointer<LinearGlide>

    /// True: every frame from here on has the same value.
    @_noLocks @_noAllocation
    func isSteady() -> Bool { glide.pointee.isSteady }

    /// The value of the frame `offset` frames ahead.
    @_noLocks @_noAllocation
    func value(at offset: Int = 0) -> Double { Double(glide.pointee.value(at: offset)) }
}

/// All live parameters of a renderer: each knows its place in the descriptor, where it began, and how it glides.
///
/// ```swift
/// threshold = live.add("threshold_dbfs", at: settings.threshold, over: rate / 50)
/// ```
struct LiveNumbers: ~Copyable {
    private struct Entry: BitwiseCopyable {
        let parameter: Int
        let start: Float
        let glideFrames: Int
    }

    private let descriptor: NodeDescriptor
    private let capacity: Int
    private let entries: UnsafeMutablePointer<Entry>
    private let glides: UnsafeMutablePointer<LinearGlide>
    private var count = 0

    /// Room for all parameters of the descriptor.
    init(of descriptor: NodeDescriptor) {
        self.descriptor = descriptor
        capacity = descriptor.parameters.count
        entries = .allocate(capacity: capacity)
        glides = .allocate(capacity: capacity)
    }

    deinit {
        entries.deallocate()
        glides.deallocate()
    }

    /// One more. Thread: control.
    ///
    /// - Parameter glideFrames: how long a change takes; 0: it holds from the next frame on.
    mutating func add(_ name: String, at value: Double, over glideFrames: Int = 0) -> LiveNumber {
        let parameter = descriptor.parameters.firstIndex { $0.name == name } ?? -1
        let entry = Entry(parameter: parameter, start: Float(value), glideFrames: glideFrames)
        (entries + count).initialize(to: entry)
        (glides + count).initialize(to: LinearGlide(at: entry.start))
        count += 1
        return LiveNumber(glide: glides + (count - 1))
    }

    /// Takes a parameter's new value. Thread: render, between blocks.
    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        for k in 0..<count where entries[k].parameter == parameter {
            glides[k].aim(at: Float(value), over: entries[k].glideFrames)
        }
    }

    @_noLocks @_noAllocation
    func reset() {
        for k in 0..<count { glides[k] = LinearGlide(at: entries[k].start) }
    }

    @_noLocks @_noAllocation
    func advance(by frames: Int) {
        for k in 0..<count { glides[k].advance(by: frames) }
    }
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
