internal import Glibc
internal import SyrinxCore

/// The memory of one port for the blocks of a test, with marks around and in it that show who touched what.
final class PortMemory {
    /// A quiet NaN that no computation gives: marks memory that nobody has written.
    static let mark = Float(bitPattern: 0x7FC5_5A5A)
    private static let fence = 8

    let rate: Int
    let channelCount: Int
    let clock: UnsafeMutablePointer<PortClock>
    /// For each channel, where frame 0 of the buffer lies; a fence lies on either side.
    let channels: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
    private let capacity: Int
    /// Nothing but marks, as much as a channel takes: what untouched memory is compared with.
    private let marks: UnsafeMutablePointer<Float>
    private var blocks = 0

    init(format: StreamFormat, largestBlock: Int) {
        rate = format.rate
        channelCount = format.channels
        capacity = largestBlock + Self.fence
        clock = .allocate(capacity: 1)
        clock.initialize(to: PortClock())
        channels = .allocate(capacity: max(1, channelCount))
        marks = .allocate(capacity: capacity + 2 * Self.fence)
        marks.initialize(repeating: Self.mark, count: capacity + 2 * Self.fence)
        for channel in 0..<channelCount {
            let memory = UnsafeMutablePointer<Float>.allocate(capacity: capacity + 2 * Self.fence)
            memory.initialize(from: marks, count: capacity + 2 * Self.fence)
            (channels + channel).initialize(to: memory + Self.fence)
        }
    }

    deinit {
        for channel in 0..<channelCount { (channels[channel] - Self.fence).deallocate() }
        channels.deallocate()
        marks.deallocate()
        clock.deallocate()
    }

    /// The instants ceil(P·r/R) and ceil((P+B)·r/R) as this port's frames.
    func begin(from master: Int, frames: Int, masterRate: Int) {
        let first = Self.boundary(master, rate: rate, masterRate: masterRate)
        let end = Self.boundary(master + frames, rate: rate, masterRate: masterRate)
        blocks += 1
        clock.pointee = PortClock(position: first, frames: end - first, offset: blocks % (Self.fence / 2))
        for channel in 0..<channelCount {
            (channels[channel] - Self.fence).update(from: marks, count: capacity + 2 * Self.fence)
        }
    }

    /// The first frame of a stream of `rate` Hz that does not lie before master frame `frame`.
    static func boundary(_ frame: Int, rate: Int, masterRate: Int) -> Int {
        (frame * rate + masterRate - 1) / masterRate
    }

    var position: Int { clock.pointee.position }
    var frames: Int { clock.pointee.frames }

    /// The samples of one channel in the current block.
    func block(_ channel: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: channels[channel] + clock.pointee.offset, count: frames)
    }

    /// Writes the block's input: `stream` from frame `first` on, silence where it has no samples.
    func fill(from stream: [[Float]], at first: Int) {
        for channel in 0..<channelCount {
            guard let block = block(channel).baseAddress else { continue }
            (channel < stream.count ? stream[channel] : []).withUnsafeBufferPointer { source in
                let there = max(0, min(frames, source.count - first))
                if there > 0, let start = source.baseAddress { block.update(from: start + first, count: there) }
                (block + there).update(repeating: 0, count: frames - there)
            }
        }
    }

    /// Writes the block's input with marks: it is not there yet.
    func hide() {
        for channel in 0..<channelCount { block(channel).baseAddress?.update(from: marks, count: frames) }
    }

    /// True if every sample of the block is what `fill` wrote.
    func holds(_ stream: [[Float]], at first: Int) -> Bool {
        (0..<channelCount).allSatisfy { channel in
            guard let block = block(channel).baseAddress else { return true }
            return (channel < stream.count ? stream[channel] : []).withUnsafeBufferPointer { source in
                let there = max(0, min(frames, source.count - first))
                if there > 0, let start = source.baseAddress, memcmp(block, start + first, there * 4) != 0 {
                    return false
                }
                return (there..<frames).allSatisfy { block[$0].bitPattern == 0 }
            }
        }
    }

    /// True if a sample of the block still bears the mark.
    var isLeftUnwritten: Bool {
        for channel in 0..<channelCount {
            guard let block = UnsafeRawPointer(block(channel).baseAddress) else { continue }
            var frame = 0
            while frame < frames {
                if block.load(fromByteOffset: frame &* 4, as: UInt32.self) == Self.mark.bitPattern { return true }
                frame &+= 1
            }
        }
        return false
    }

    /// True if something outside the block has been written.
    var isOverrun: Bool {
        (0..<channelCount).contains { channel in
            let start = channels[channel]
            let offset = clock.pointee.offset
            let (before, after) = (Self.fence + offset, capacity + Self.fence - offset - frames)
            return memcmp(start - Self.fence, marks, before * 4) != 0
                || memcmp(start + offset + frames, marks, after * 4) != 0
        }
    }
}
