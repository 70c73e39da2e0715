internal import SyrinxCore

/// One entry of the plan's flat list.
///
/// Not copyable: called where it lies, it needs no count of references, so that the call costs one load and a jump (seen
/// in the machine code of a release build; a class property or a copied existential is retained and released).
struct Step: ~Copyable {
    enum Action: UInt8 {
        case render
        case absorb
        /// The first step of a loop: `count` steps follow that are rendered in pieces.
        case loop
    }

    let action: Action
    /// For a loop: that of its first step, which is not called through it.
    let renderer: any Renderer
    let block: RenderBlock
    /// Control links to the renderer's parameters.
    let drives: UnsafeMutablePointer<ParameterDrive>
    let driveCount: Int
    /// Which clock the frames of `drives` count on.
    let mainClock: Int
    /// For a loop: how many steps it holds.
    let count: Int
    /// For a loop: the longest piece, in frames at R.
    let pieceFrames: Int
    /// For a loop: where it is heard whether it still sounds.
    let watch: UnsafeMutablePointer<LoopWatch>
    /// A source that can stand still while a transport does: how many outputs it has, and their rates; 0 for all others.
    let gatedOutputs: Int
    let gatedRates: UnsafePointer<Int>

    borrowing func render() { renderer.render(block) }

    borrowing func absorb() { renderer.absorb(block) }

    borrowing func set(_ parameter: Int, to value: Double) { renderer.set(parameter, to: value) }
}

/// What a loop's delays give out, and when it was last louder than −120 dBFS.
struct LoopWatch {
    /// One output of a delay of the loop.
    struct Voice {
        let port: Port
        let rate: Int
    }

    let voices: UnsafePointer<Voice>
    let count: Int
    let masterRate: Int
    /// The first frame at R behind the last louder sample.
    var loudUntil = 0

    /// Looks through what the delays gave out in this slice.
    @_noLocks @_noAllocation
    mutating func listen() {
        for index in 0..<count {
            let port = InputPort(voices[index].port)
            for channel in 0..<port.channelCount {
                let samples = port[channel]
                var frame = samples.count
                while frame > 0, samples[frame - 1].magnitude < 1e-6 { frame -= 1 }
                if frame == 0 { continue }
                let position = port.position + frame - 1
                let rate = voices[index].rate
                loudUntil = max(loudUntil, rate == masterRate ? position + 1 : position * masterRate / rate + 1)
            }
        }
    }
}

/// A control link to a live parameter: changes wait in a queue until their frame has come.
struct ParameterDrive {
    typealias Change = DriveQueue.Change

    /// The control stream.
    let source: UnsafePointer<UnsafeMutablePointer<Float>>
    let sourceClock: UnsafePointer<PortClock>
    /// Frames per second of the node's main clock.
    let rate: Int
    /// By how much values wait so that they meet the sound that they belong to, in frames of the main clock.
    let delayFrames: Int
    let parameter: Int
    let scale: Double
    let offset: Double
    let lowest: Double
    let highest: Double
    /// What waits; it goes on when another plan takes over. The plan keeps its owner.
    let waiting: UnsafeMutablePointer<DriveQueue.State>
    /// A ring of changes to come; `capacity` is a power of two.
    let queue: UnsafeMutablePointer<Change>
    let capacity: Int

    /// Changes taken out so far, and put in so far.
    var head: Int {
        @_noLocks @_noAllocation get { waiting.pointee.head }
        @_noLocks @_noAllocation nonmutating set { waiting.pointee.head = newValue }
    }
    var tail: Int {
        @_noLocks @_noAllocation get { waiting.pointee.tail }
        @_noLocks @_noAllocation nonmutating set { waiting.pointee.tail = newValue }
    }

    /// Takes the slice's values into the queue, those that change nothing left out.
    @_noLocks @_noAllocation
    mutating func take() {
        let clock = sourceClock.pointee
        let values = source[0] + clock.offset
        for index in 0..<clock.frames {
            let scaled = Double(values[index]) * scale + offset
            if scaled.isNaN { continue }
            let value = min(max(scaled, lowest), highest)
            if value == waiting.pointee.last { continue }
            waiting.pointee.last = value
            // Value k holds from instant k ms on: the first frame that is not before it.
            let instant = (clock.position + index) * rate
            let frame = (instant + Limits.controlRate - 1) / Limits.controlRate + delayFrames
            queue[tail & (capacity - 1)].frame = frame
            queue[tail & (capacity - 1)].value = value
            tail = tail &+ 1
        }
    }
}
