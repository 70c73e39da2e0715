internal import SyrinxCore
internal import SyrinxDSP

/// The render half of ``FilterNode``: sections in cascade, two channels at a time.
final class FilterRenderer: Renderer {
    /// How many frames lie between two computations of the coefficients while a parameter glides.
    ///
    /// With straight lines between, 4 leaves no more roughness than an exact glide; 16 leaves six times as much (a low-pass
    /// over a 100 Hz sine, from 10 kHz to 200 Hz).
    private static let grid = 4
    /// How many frames are worked on at a time; a multiple of the grid.
    private static let chunk = 256

    private let design: FilterDesign
    private let rate: Double
    private let glideFrames: Int
    private let sections: Int
    private let pairs: Int
    private let indices: (frequency: Int, q: Int, gain: Int)
    /// Pair by pair, section by section. Owned by the render thread.
    private nonisolated(unsafe) let memory: UnsafeMutablePointer<BiquadPair>
    /// For each section the coefficients of the next frame, where the current stretch leads, and the step of a frame.
    private nonisolated(unsafe) let now: UnsafeMutablePointer<BiquadCoefficients>
    private nonisolated(unsafe) let goal: UnsafeMutablePointer<BiquadCoefficients>
    private nonisolated(unsafe) let step: UnsafeMutablePointer<BiquadCoefficients>
    private nonisolated(unsafe) let scratch: UnsafeMutablePointer<SIMD2<Double>>
    /// The parameters on their way: log2 of Hz, log2 of Q, dB. Owned by the render thread.
    private nonisolated(unsafe) var octave: LinearGlide
    private nonisolated(unsafe) var sharpness: LinearGlide
    private nonisolated(unsafe) var decibels: LinearGlide
    /// True: a parameter was moved, and the coefficients do not stand on its target yet.
    private nonisolated(unsafe) var isMoving = false
    /// True: the frames up to the next grid point have coefficients that move.
    private nonisolated(unsafe) var isRamping = false

    init(_ design: FilterDesign, _ format: StreamFormat) {
        self.design = design
        rate = Double(format.rate)
        glideFrames = format.rate / 50
        sections = design.sectionCount
        pairs = (format.channels + 1) / 2
        func index(_ name: String) -> Int {
            FilterNode.descriptor.parameters.firstIndex { $0.name == name } ?? -1
        }
        indices = (index("frequency_hz"), index("q"), index("gain_db"))
        octave = LinearGlide(at: Float(log2(design.frequency)))
        sharpness = LinearGlide(at: Float(log2(design.q)))
        decibels = LinearGlide(at: Float(design.decibels))
        memory = .allocate(capacity: pairs * sections)
        memory.initialize(repeating: BiquadPair(), count: pairs * sections)
        now = .allocate(capacity: sections)
        goal = .allocate(capacity: sections)
        step = .allocate(capacity: sections)
        for pointer in [now, goal, step] { pointer.initialize(repeating: BiquadCoefficients(), count: sections) }
        scratch = .allocate(capacity: Self.chunk)
        scratch.initialize(repeating: .zero, count: Self.chunk)
        reset()
    }

    deinit {
        memory.deallocate()
        now.deallocate()
        goal.deallocate()
        step.deallocate()
        scratch.deallocate()
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, output) = (block.input, block.output)
        let (frames, position) = (output.frameCount, output.position)
        var done = 0
        while done < frames {
            let offset = (position + done) % Self.grid
            if isMoving, offset == 0 { beginStretch() }
            // While anything moves, a stretch ends at the grid.
            let longest = isMoving ? Self.grid - offset : Self.chunk
            let count = min(frames - done, longest)
            for pair in 0..<pairs { process(input, output, pair, from: done, count) }
            if isRamping { advance(by: count, toGrid: offset + count == Self.grid) }
            octave.advance(by: count)
            sharpness.advance(by: count)
            decibels.advance(by: count)
            done += count
        }
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        if parameter == indices.frequency {
            octave.aim(at: Float(log2(min(value, rate * 0.4999))), over: glideFrames)
        } else if parameter == indices.q {
            sharpness.aim(at: Float(log2(value)), over: glideFrames)
        } else if parameter == indices.gain {
            decibels.aim(at: Float(value), over: glideFrames)
        }
        isMoving = true
    }

    @_noLocks @_noAllocation
    func reset() {
        octave = LinearGlide(at: Float(log2(design.frequency)))
        sharpness = LinearGlide(at: Float(log2(design.q)))
        decibels = LinearGlide(at: Float(design.decibels))
        isMoving = false
        isRamping = false
        for index in 0..<pairs * sections { memory[index] = BiquadPair() }
        for index in 0..<sections {
            // Exact values, not those of the glides, which are floats.
            now[index] = design.section(
                index, octave: log2(design.frequency), sharpness: log2(design.q), decibels: design.decibels, rate: rate)
            goal[index] = now[index]
        }
    }

    /// At a grid point: aims the coefficients at what the parameters will be at the next.
    @_noLocks @_noAllocation
    private func beginStretch() {
        let left = max(octave.remaining, max(sharpness.remaining, decibels.remaining))
        if left == 0, isRamping {
            isMoving = false
            isRamping = false
            return
        }
        isRamping = true
        for index in 0..<sections {
            goal[index] = design.section(
                index, octave: Double(octave.value(at: Self.grid)), sharpness: Double(sharpness.value(at: Self.grid)),
                decibels: Double(decibels.value(at: Self.grid)), rate: rate)
            step[index] = now[index].step(to: goal[index], over: Double(Self.grid))
        }
    }

    @_noLocks @_noAllocation
    private func advance(by count: Int, toGrid: Bool) {
        for index in 0..<sections {
            if toGrid {
                now[index] = goal[index]
            } else {
                var value = now[index]
                for _ in 0..<count { value += step[index] }
                now[index] = value
            }
        }
    }

    @_noLocks @_noAllocation
    private func process(_ input: InputPort, _ output: OutputPort, _ pair: Int, from first: Int, _ count: Int) {
        let left = pair * 2
        let right = min(left + 1, output.channelCount - 1)
        let (scratch, now, step) = (scratch, now, step)
        let (a, b) = (input[left], input[right])
        for k in 0..<count {
            scratch[k] = SIMD2(Double(finite(a[first + k])), Double(finite(b[first + k])))
        }
        let memory = memory + pair * sections
        for index in 0..<sections {
            if isRamping {
                memory[index].process(scratch, count: count, from: now[index], step: step[index])
            } else {
                memory[index].process(scratch, count: count, now[index])
            }
        }
        let (c, d) = (output[left], output[right])
        if right == left {
            for k in 0..<count { c[first + k] = Float(scratch[k].x) }
        } else {
            for k in 0..<count {
                c[first + k] = Float(scratch[k].x)
                d[first + k] = Float(scratch[k].y)
            }
        }
    }
}
