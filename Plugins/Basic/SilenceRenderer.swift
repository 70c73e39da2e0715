internal import Synchronization
internal import SyrinxCore
internal import SyrinxDSP

/// The render half of ``SilenceNode``.
///
/// Loud samples less than the shortest silence apart form a cluster; one that is long enough is a sound.
final class SilenceRenderer: Renderer, Reporter {
    /// Frames that are looked at in one go for whether any of them is loud.
    private static let chunk = 64

    private let rate: Int
    private let channels: Int
    private let latency: Int
    private let threshold: Float
    /// In frames, both.
    private let minSilence: Int
    private let minSound: Int
    /// For the report. Render writes.
    private let sounds = Atomic<Int>(0)
    private let soundEnd = Atomic<Int>(0)
    /// The first and the last loud frame of the cluster; first is −1 where there is none. Owned by the render thread.
    private nonisolated(unsafe) var first = -1
    private nonisolated(unsafe) var last = -1
    /// True: the cluster is a sound, and has been told.
    private nonisolated(unsafe) var isTold = false

    init(_ format: StreamFormat, latency: Int, threshold: Float, minSilence: Int, minSound: Int) {
        rate = format.rate
        channels = format.channels
        self.latency = latency
        self.threshold = threshold
        self.minSilence = minSilence
        self.minSound = minSound
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let input = block.input
        var done = 0
        while done < input.frameCount {
            let count = min(Self.chunk, input.frameCount &- done)
            if isQuiet(input, from: done, count) {
                endCluster(block, before: input.position &+ done &+ count)
            } else {
                for frame in done..<done &+ count { hear(block, frame) }
            }
            done &+= count
        }
        if isTold { soundEnd.store(max(0, last &+ 1 &- latency), ordering: .relaxed) }
        for channel in 0..<channels { copy(input[channel], into: block.output[channel]) }
    }

    @_noLocks @_noAllocation
    func reset() {
        first = -1
        last = -1
        isTold = false
    }

    @_noLocks @_noAllocation
    private func isQuiet(_ input: InputPort, from start: Int, _ count: Int) -> Bool {
        let threshold = threshold
        var loud: UInt32 = 0
        for channel in 0..<channels {
            let samples = input[channel]
            for k in start..<start &+ count { loud |= samples[k].magnitude >= threshold ? 1 : 0 }
        }
        return loud == 0
    }

    /// Takes one frame of a chunk in which something is loud.
    @_noLocks @_noAllocation
    private func hear(_ block: RenderBlock, _ frame: Int) {
        let position = block.input.position &+ frame
        if isQuiet(block.input, from: frame, 1) {
            endCluster(block, before: position &+ 1)
            return
        }
        if first < 0 { first = position }
        last = position
        if !isTold, last &- first &+ 1 >= minSound {
            isTold = true
            sounds.store(sounds.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
            block.emit(0, at: position, rate: rate, earlier: position &- first)
        }
    }

    /// Ends the cluster if its silence is complete before a frame; all from the last loud one on up to there is quiet.
    @_noLocks @_noAllocation
    private func endCluster(_ block: RenderBlock, before end: Int) {
        if first < 0 { return }
        let known = last &+ minSilence
        if known >= end { return }
        if isTold {
            soundEnd.store(max(0, last &+ 1 &- latency), ordering: .relaxed)
            let duration = Double(last &+ 1 &- first) / Double(rate)
            block.emit(1, at: known, rate: rate, earlier: minSilence &- 1, (duration, 0, 0, 0))
        }
        first = -1
        isTold = false
    }

    // MARK: Figures

    func figures() -> [(name: String, value: Value)] {
        [
            ("sounds", .integer(sounds.load(ordering: .relaxed))),
            ("sound_end_frame", .integer(soundEnd.load(ordering: .relaxed))),
        ]
    }
}
