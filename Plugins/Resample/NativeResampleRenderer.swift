package import SyrinxCore
package import SyrinxDSP

/// The render half of ``ResampleNode`` where Syrinx's own filters change the rate.
///
/// An output's place between the inputs follows from its number alone, and so does the order in which its products are
/// added: neither cuts nor where a stream begins show, bit for bit.
package final class NativeResampleRenderer: Renderer {
    private let alignment: Alignment
    private let channels: Int
    /// Owned by the render thread, as are all below.
    private nonisolated(unsafe) let resampler: UnsafeMutablePointer<RationalResampler>
    /// False: the next block is the first.
    private nonisolated(unsafe) var isRunning = false
    /// Output frames that had to be made up since the run began: 0, or the alignment is wrong.
    package private(set) nonisolated(unsafe) var shortfall = 0

    package init(
        _ table: ResamplerTable, _ alignment: Alignment, channels: Int, largestInput: Int,
        vectors: RationalResampler.Vectors = .widest
    ) {
        self.alignment = alignment
        self.channels = channels
        resampler = .allocate(capacity: 1)
        resampler.initialize(
            to: RationalResampler(
                table, channels: channels, backlog: table.key.taps + alignment.backlog, largestInput: largestInput,
                vectors: vectors))
    }

    deinit {
        resampler.deinitialize(count: 1)
        resampler.deallocate()
    }

    @_noLocks @_noAllocation
    package func render(_ block: RenderBlock) {
        let (input, output) = (block.input, block.output)
        let (count, wanted) = (input.frameCount, output.frameCount)
        let begin = alignment.instant(ofOutput: output.position)
        let next = input.position - alignment.inputLatency
        let (resampler, channels, starts) = (resampler, channels, !isRunning)
        isRunning = true
        // SyrinxDSP's code under the same two attributes; not inlinable, since it calls a C kernel.
        let made = _unsafePerformance { () -> Int in
            if starts { resampler.pointee.begin(instant: begin, next: next) }
            resampler.pointee.reserve(count)
            for channel in 0..<channels {
                guard count > 0, let source = input[channel].baseAddress else { continue }
                resampler.pointee.append(source, count: count, channel: channel)
            }
            resampler.pointee.advance(count)
            for channel in 0..<channels {
                guard let target = output[channel].baseAddress else { continue }
                resampler.pointee.direct(channel, to: target)
            }
            return resampler.pointee.convert(wanted)
        }
        if made == wanted { return }
        shortfall += wanted - made
        for channel in 0..<channels {
            guard let target = output[channel].baseAddress else { continue }
            (target + made).update(repeating: 0, count: wanted - made)
        }
    }

    @_noLocks @_noAllocation
    package func reset() { isRunning = false }
}
