internal import CLilv
internal import SyrinxCore

/// Instances of a plugin that run: owns the handle.
///
/// - Thread: made and given back by control; all else as each member says.
struct LV2Host: ~Copyable, Sendable {
    // SAFETY: render alone runs it; a worker's thread alone calls `work`; C's queues lie between the two.
    nonisolated(unsafe) let handle: OpaquePointer
    /// The host keeps what it came from.
    private let world: LV2World

    /// - Parameter values: the start values of all ports.
    /// - Throws: without a path; the plugin's own words are the cause.
    init(
        _ world: LV2World, _ uri: String, rate: Int, largestBlock: Int, instances: Int, worksAtOnce: Bool,
        preset: String?, values: [Float]
    ) throws(PipelineError) {
        self.world = world
        func open(_ preset: UnsafePointer<CChar>?) -> (OpaquePointer?, String) {
            var settings = clv2_settings(
                rate: Double(rate), largest_block: UInt32(largestBlock), instances: UInt32(instances),
                works_at_once: worksAtOnce, preset: preset)
            return LV2World.withWords { clv2_open(world.handle, uri, &settings, values, $0, $1) }
        }
        let (host, words) = preset.map { $0.withCString(open) } ?? open(nil)
        guard let host else {
            throw PipelineError(
                .unavailable, "the plugin \(Shown.plain(uri, limit: 200)) cannot be started at \(rate) Hz",
                cause: words.isEmpty ? nil : Shown.plain(words, limit: 200))
        }
        handle = host
    }

    deinit { clv2_close(handle) }

    /// One value a port; those of control inputs are read by the next run. Thread: render.
    var inputs: UnsafeMutablePointer<Float> { clv2_inputs(handle) }

    /// One value a port; the last run wrote those of control outputs. Thread: render.
    var outputs: UnsafePointer<Float> { clv2_outputs(handle) }

    var hasWorker: Bool { clv2_has_worker(handle) }

    /// What the plugin states as its latency with the values that it has, in frames: after a run of silence.
    ///
    /// - Thread: control, before anything else is run.
    func latency(_ shape: LV2Shape, instances: Int, frames: Int) -> Float {
        guard let port = shape.metadata.latencyPort else { return 0 }
        let silence = UnsafeMutablePointer<Float>.allocate(capacity: frames)
        silence.initialize(repeating: 0, count: frames)
        let unheard = UnsafeMutablePointer<Float>.allocate(capacity: frames)
        unheard.initialize(repeating: 0, count: frames)
        defer {
            silence.deallocate()
            unheard.deallocate()
        }
        let inputs = [UnsafePointer<Float>?](
            repeating: UnsafePointer(silence), count: (shape.inputs.count + shape.sidechain.count) * instances + 1)
        let outputs = [UnsafeMutablePointer<Float>?](repeating: unheard, count: shape.outputs.count * instances + 1)
        _ = clv2_run(handle, inputs, outputs, 0, UInt32(frames))
        return self.outputs[port]
    }
}
