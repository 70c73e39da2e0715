internal import SyrinxCore

/// The plan before memory is given out: what is called in which order, and which streams go in and out.
struct Schedule {
    /// A stream that something produces.
    struct Stream {
        let rate: Int
        let channels: Int
        /// The operation that writes it, and the last one that reads it.
        var born: Int
        var lastUse: Int
        /// True: lanes of one region touch it, so that it is free at the region's end only.
        var isShared = false
    }

    /// How an operation sees a stream: which of its channels, in which order.
    struct Access {
        /// nil: silence for an input, nothing that anyone hears for an output.
        var stream: Int?
        var channels: [Int]
        var rate: Int
        var isConnected = true
    }

    struct Operation {
        enum Kind {
            case render
            case absorb
        }

        let kind: Kind
        let renderer: any Renderer
        var inputs: [Access]
        var outputs: [Access]
        /// Index into the plan's nodes; nil for what the compiler put in.
        let node: Int?
        let name: String
        let worksInPlace: Bool
        var drives: [Drive] = []
        let mainRate: Int
        /// Index of the loop it belongs to.
        let loop: Int?
    }

    /// A control link to a parameter.
    struct Drive {
        let stream: Int
        let parameter: Int
        let delayFrames: Int
        let scale: Double
        let offset: Double
        let range: ClosedRange<Double>
        let queue: DriveQueue
    }

    var streams: [Stream] = []
    var operations: [Operation] = []
    /// For each loop: the operations it spans.
    var loopSpans: [Int: ClosedRange<Int>] = [:]
    /// What may be rendered at the same time; see ``spread(over:)``.
    var regions: [Region] = []

    /// Adds an operation; its outputs become new streams.
    ///
    /// - Returns: the streams, one for each of `outputs`.
    mutating func add(
        _ kind: Operation.Kind, _ renderer: any Renderer, inputs: [Access], outputs: [StreamFormat], node: Int?,
        name: String, worksInPlace: Bool = false, drives: [Drive] = [], mainRate: Int, loop: Int?
    ) -> [Int] {
        let place = operations.count
        for access in inputs { if let stream = access.stream { streams[stream].lastUse = place } }
        for drive in drives { streams[drive.stream].lastUse = place }
        let made = outputs.map { format in
            streams.append(.init(rate: format.rate, channels: format.channels, born: place, lastUse: place))
            return streams.count - 1
        }
        operations.append(
            .init(
                kind: kind, renderer: renderer, inputs: inputs,
                outputs: zip(made, outputs).map { .init(stream: $0, channels: Array(0..<$1.channels), rate: $1.rate) },
                node: node, name: name, worksInPlace: worksInPlace, drives: drives, mainRate: mainRate, loop: loop))
        if let loop { loopSpans[loop] = min(loopSpans[loop]?.lowerBound ?? place, place)...place }
        return made
    }

    /// Adds the absorbing half of a node that was rendered before; it sees the same ports.
    mutating func addAbsorb(of render: Int, inputs: [Access]) {
        let place = operations.count
        let operation = operations[render]
        for access in inputs + operation.outputs { if let stream = access.stream { streams[stream].lastUse = place } }
        operations.append(
            .init(
                kind: .absorb, renderer: operation.renderer, inputs: inputs, outputs: operation.outputs,
                node: operation.node, name: operation.name, worksInPlace: false, mainRate: operation.mainRate,
                loop: operation.loop))
        if let loop = operation.loop { loopSpans[loop] = (loopSpans[loop]?.lowerBound ?? place)...place }
    }

    /// Marks outputs that nobody hears.
    mutating func markUnconnected() {
        for index in operations.indices {
            for port in operations[index].outputs.indices {
                guard let stream = operations[index].outputs[port].stream else { continue }
                operations[index].outputs[port].isConnected = streams[stream].lastUse > streams[stream].born
            }
        }
    }

    /// Lets what a loop touches live until the loop's end, since its pieces lie side by side in the buffers.
    mutating func extendThroughLoops() {
        for (index, stream) in streams.enumerated() {
            for span in loopSpans.values where span.contains(stream.lastUse) {
                streams[index].lastUse = span.upperBound
            }
        }
    }
}
