internal import Glibc
internal import SyrinxClocks
internal import SyrinxCore
internal import SyrinxRealtime

/// What happened when, on the render thread: room for so many entries, none is made later.
///
/// - Thread: one writes; whoever reads does so when the run is over.
final class Marks: @unchecked Sendable {
    // SAFETY: written by the render thread only, and read after the run has ended.
    struct Entry {
        var time: Int64
        var frame: Int
        var count: Int
        /// The first and the last frame of the block that are not silent; −1: all are.
        var first: Int
        var last: Int
    }

    struct Log {
        let entries: UnsafeMutableBufferPointer<Entry>
        var count = 0

        @_noLocks @_noAllocation
        mutating func note(_ entry: Entry) {
            if count < entries.count {
                entries[count] = entry
                count &+= 1
            }
        }
    }

    /// Lives as long as this does, which outlives the run.
    let log: UnsafeMutablePointer<Log>

    init(room: Int) {
        let entries = UnsafeMutableBufferPointer<Entry>.allocate(capacity: room)
        entries.initialize(repeating: Entry(time: 0, frame: 0, count: 0, first: -1, last: -1))
        log = .allocate(capacity: 1)
        log.initialize(to: Log(entries: entries))
    }

    deinit {
        log.pointee.entries.deallocate()
        log.deallocate()
    }

    var all: [Entry] { Array(log.pointee.entries[..<log.pointee.count]) }
}

/// A microphone in which every millisecond has a value of its own: 1, 2, 3 … of 16 bits.
struct MarkedMicrophone: NodeInstance {
    static let descriptor = NodeDescriptor(type: "marked.microphone", summary: "Counts.", outputs: [.audio("out")])
    /// Values before they come again.
    static let period = 32_000
    let marks: Marks

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        Resolution(outputs: [OutputStream(PartialFormat(rate: 48_000, channels: 1))])
    }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(MarkedMicrophoneRenderer(marks)) }
}

private final class MarkedMicrophoneRenderer: Renderer {
    private nonisolated(unsafe) let log: UnsafeMutablePointer<Marks.Log>
    private let clock = TickClock.shared

    init(_ marks: Marks) { log = marks.log }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let output = block.output
        for k in 0..<output.frameCount {
            let millisecond = ((output.position &+ k) / 48) % 32_000
            output[0][k] = Float(millisecond &+ 1) / 32_768
        }
        let entry = Marks.Entry(
            time: clock.now(), frame: output.position, count: output.frameCount, first: 0, last: 0)
        log.pointee.note(entry)
    }

    @_noLocks @_noAllocation
    func reset() {}
}

/// A loudspeaker that notes where sound begins and ends.
struct MarkedSpeaker: NodeInstance {
    static let descriptor = NodeDescriptor(type: "marked.speaker", summary: "Hears.", inputs: [.audio("in")])
    let marks: Marks

    func inputChannels(_ port: String) -> Int? { 1 }
    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let renderer = MarkedSpeakerRenderer(marks)
        return Prepared(renderer, sink: renderer)
    }
}

private final class MarkedSpeakerRenderer: Renderer, SinkBridge {
    private nonisolated(unsafe) let log: UnsafeMutablePointer<Marks.Log>
    private let clock = TickClock.shared

    init(_ marks: Marks) { log = marks.log }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let input = block.input
        var (first, last) = (-1, -1)
        for k in 0..<input.frameCount where input[0][k] != 0 {
            if first < 0 { first = k }
            last = k
        }
        let entry = Marks.Entry(
            time: clock.now(), frame: input.position, count: input.frameCount, first: first, last: last)
        log.pointee.note(entry)
    }

    @_noLocks @_noAllocation
    func reset() {}

    func waitToTake(through frame: Int) -> Bool { true }
    func end(at frame: Int) {}
    func finish() {}
}
