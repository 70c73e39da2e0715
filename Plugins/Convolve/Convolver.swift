internal import CConvolutionKernels

/// Convolves inputs with a matrix of long responses, without delay, at a cost that is spread over the cycles.
///
/// The first taps are summed directly; what comes later goes through levels of growing partitions (``Partitions``). All
/// sums are in an order of their own, so the samples are the same, bit for bit, however time is cut.
///
/// - Shape: N inputs, M outputs, routes from input to output; several sets of responses, of which one plays.
/// - Thread: made on control; used by one thread at a time, which may render.
package struct Convolver: ~Copyable {
    /// A way from an input to an output.
    package struct Route: Sendable, Hashable {
        package var input: Int
        package var output: Int

        package init(from input: Int, to output: Int) {
            self.input = input
            self.output = output
        }
    }

    /// Keeps what all pointers point into.
    private let memory: AlignedMemory
    private let isWide: Bool
    private let inputCount: Int
    private let outputCount: Int
    private let routes: ConvolutionLevel.Routes
    private let fadeFrames: Int
    private let first: Int

    /// Taps of the head: response, route.
    private let taps: UnsafeMutablePointer<Float>
    private let tapCount: Int
    /// The inputs' last samples for the head, one line an input, the newest before `cursor`.
    private let lines: UnsafeMutablePointer<Float>
    private let lineLength: Int
    private let sums: UnsafeMutablePointer<Float>
    private let history: UnsafeMutablePointer<Float>
    private let historyLength: Int
    private let levels: UnsafeMutablePointer<ConvolutionLevel>
    private let levelCount: Int
    /// The most frames that are done in one go.
    private let piece: Int

    private var cursor: Int
    private var position = 0
    /// The response asked for, the head's, the one that it changes to, and how many frames of the change are done.
    private var wanted: Int
    private var chosen: Int
    private var next: Int
    private var faded = 0

    /// - Parameters:
    ///   - responses: for each response the taps of each route; not empty.
    ///   - first: the response that plays at the beginning.
    ///   - fadeFrames: how long a change takes, at least 1.
    ///   - isWide: false: with the vectors that every processor has; nil: with the widest that this one has.
    package init(
        inputs: Int, outputs: Int, routes given: [Route], responses: [[[Float]]], first: Int = 0, fadeFrames: Int,
        sizes: [Int] = Partitions.usualSizes, isWide: Bool? = nil
    ) {
        var memory = AlignedMemory()
        let has = syrinx_convolution_has_wide_vectors()
        let isWide = isWide.map { $0 && has } ?? has
        // Output by output.
        let order = given.indices.sorted { (given[$0].output, $0) < (given[$1].output, $1) }
        let responses = responses.map { taps in order.map { taps[$0] } }
        let plan = Partitions(taps: responses.joined().map(\.count).max() ?? 1, sizes: sizes)
        let starts = (0...outputs).map { output in order.count { given[$0].output < output } }
        let routes = ConvolutionLevel.Routes(
            inputs: memory.values(order.map { given[$0].input }), starts: memory.values(starts), count: order.count,
            inputCount: inputs, outputCount: outputs)
        (self.isWide, self.routes, self.fadeFrames, self.first) = (isWide, routes, max(1, fadeFrames), first)
        (inputCount, outputCount) = (inputs, outputs)
        (wanted, chosen, next) = (first, first, first)

        tapCount = plan.head
        taps = memory.floats(responses.count * order.count * plan.head)
        for (index, response) in responses.joined().enumerated() {
            for (k, tap) in response.prefix(plan.head).enumerated() { taps[index * plan.head + k] = tap }
        }
        piece = plan.levels.first?.size ?? 256
        lineLength = (plan.head + 16 * piece + 32 + 15) & ~15
        lines = memory.floats(inputs * lineLength)
        cursor = plan.head
        sums = memory.floats(2 * (piece + 32))
        historyLength = 4 * (plan.levels.last?.size ?? 0)
        history = memory.floats(inputs * historyLength)
        var levels: [ConvolutionLevel] = []
        for (size, count) in plan.levels {
            levels.append(
                ConvolutionLevel(
                    size: size, partitions: count, routes: routes, responses: responses, fadeFrames: fadeFrames,
                    isWide: isWide, in: &memory))
        }
        for index in levels.indices { levels[index].reset(response: first) }
        self.levels = memory.values(levels)
        levelCount = levels.count
        self.memory = memory
    }

    /// Changes to another response, from the next frame on. Thread: render.
    @_noLocks @_noAllocation
    package mutating func choose(_ response: Int) { wanted = response }

    /// Everything as after `init`. Thread: render.
    @_noLocks @_noAllocation
    package mutating func reset() {
        lines.update(repeating: 0, count: inputCount &* lineLength)
        history.update(repeating: 0, count: inputCount &* historyLength)
        for index in 0..<levelCount { levels[index].reset(response: first) }
        cursor = tapCount
        position = 0
        wanted = first
        chosen = first
        next = first
        faded = 0
    }

    /// The most frames that ``render(_:_:_:)`` takes from here.
    @_noLocks @_noAllocation
    package func framesToTake(of count: Int) -> Int {
        let toEdge = min(count, piece &- position % piece)
        // A change ends at its own frame, so that the next may begin there.
        return chosen == wanted && chosen == next ? toEdge : min(toEdge, fadeFrames &- faded)
    }

    /// Takes samples of an input in; to be done for every input before anything is rendered.
    @_noLocks @_noAllocation
    package func take(_ samples: UnsafePointer<Float>, _ count: Int, input: Int) {
        let line = lines + input &* lineLength
        if cursor &+ count &+ 32 > lineLength {
            // What the head still needs moves to the line's start.
            copy(line + (cursor &- tapCount), to: line, tapCount)
            copy(samples, to: line + tapCount, count)
        } else {
            copy(samples, to: line + cursor, count)
        }
        if historyLength > 0 {
            copy(samples, to: history + (input &* historyLength &+ position & (historyLength &- 1)), count)
        }
    }

    /// Writes the samples of an output that belong to what was taken in. Every output, then ``advance(_:)``.
    @_noLocks @_noAllocation
    package func render(_ samples: UnsafeMutablePointer<Float>, _ count: Int, output: Int) {
        let start = cursor &+ count &+ 32 > lineLength ? tapCount : cursor
        sum(response: chosen, output, start, count, into: sums)
        if chosen != next || wanted != chosen {
            let (old, new) = (sums, sums + (piece &+ 32))
            sum(response: chosen != next ? next : wanted, output, start, count, into: new)
            let (step, faded) = (1 / Float(fadeFrames), faded)
            for k in 0..<count {
                let ratio = min(Float(faded &+ k &+ 1) * step, 1)
                old[k] += (new[k] - old[k]) * ratio
            }
        }
        let sums = sums
        for index in 0..<levelCount {
            let played = levels[index].played(output, at: position)
            for k in 0..<count { sums[k] += played[k] }
        }
        copy(sums, to: samples, count)
    }

    /// Ends what was begun with ``take(_:_:input:)``: does the share of work that is due.
    @_noLocks @_noAllocation
    package mutating func advance(_ count: Int) {
        cursor = (cursor &+ count &+ 32 > lineLength ? tapCount : cursor) &+ count
        position &+= count
        if chosen == next { next = wanted }
        if chosen != next {
            faded &+= count
            if faded >= fadeFrames {
                chosen = next
                faded = 0
            }
        }
        for index in 0..<levelCount {
            levels[index].advance(to: position, history: history, length: historyLength, wanted: wanted)
        }
    }

    @_noLocks @_noAllocation
    private func sum(
        response: Int, _ output: Int, _ start: Int, _ count: Int, into sums: UnsafeMutablePointer<Float>
    ) {
        let (begin, end) = (routes.starts[output], routes.starts[output &+ 1])
        if begin == end { sums.update(repeating: 0, count: count) }
        let (tapCount, isWide) = (tapCount, isWide)
        for route in begin..<end {
            let line = lines + (routes.inputs[route] &* lineLength &+ start)
            let response = taps + (response &* routes.count &+ route) &* tapCount
            // Plain arithmetic on memory of this object's; it calls nothing.
            _unsafePerformance {
                syrinx_convolution_direct(line, response, tapCount, sums, count, route > begin, isWide)
            }
        }
    }
}

/// Copies samples; where the two overlap, `to` lies before `from`.
@inline(__always) @_noLocks @_noAllocation
private func copy(_ from: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>, _ count: Int) {
    for k in 0..<count { to[k] = from[k] }
}
