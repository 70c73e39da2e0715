internal import SyrinxCore

/// Gives every stream its buffers; a buffer whose stream is no longer read serves again: in its own lane at once, in others
/// from the next region on.
struct BufferAllocator {
    /// nil: nothing is allocated, buffers are only counted.
    private let memory: PlanMemory?
    private let frames: (Int) -> Int
    private var free: [Int: [Free]] = [:]
    /// Where the allocator is.
    private var region = 0
    private var lane = 0
    /// The buffers of each stream, one a channel.
    private(set) var buffers: [Int: [UnsafeMutablePointer<Float>]] = [:]
    private(set) var count = 0
    private(set) var bytes = 0

    /// A buffer, and where its stream was read last.
    private struct Free {
        let buffer: UnsafeMutablePointer<Float>
        let region: Int
        /// nil: in several.
        let lane: Int?
    }

    /// - Parameter frames: the most frames that a cycle can hold at a rate.
    init(_ memory: PlanMemory?, frames: @escaping (Int) -> Int) {
        self.memory = memory
        self.frames = frames
    }

    mutating func run(_ schedule: Schedule) {
        var ends = [[Int]](repeating: [], count: schedule.operations.count)
        for (index, stream) in schedule.streams.enumerated() { ends[stream.lastUse].append(index) }
        let spans = schedule.regions.enumerated().flatMap { region in
            region.element.lanes.enumerated().map {
                (region: region.offset, lane: $0.offset, end: $0.element.upperBound)
            }
        }
        var span = 0
        for (place, operation) in schedule.operations.enumerated() {
            while span < spans.count, spans[span].end <= place { span += 1 }
            if span < spans.count { (region, lane) = (spans[span].region, spans[span].lane) }
            var passedOn: Int?
            if operation.kind == .render {
                for (port, output) in operation.outputs.enumerated() {
                    guard let stream = output.stream else { continue }
                    if port == 0, let source = inPlace(operation, at: place, schedule) {
                        buffers[stream] = buffers[source]
                        passedOn = source
                    } else {
                        let size = frames(schedule.streams[stream].rate)
                        buffers[stream] = (0..<schedule.streams[stream].channels).map { _ in take(size) }
                    }
                }
            }
            for stream in ends[place] where stream != passedOn {
                for buffer in (buffers[stream] ?? []).reversed() {
                    free[frames(schedule.streams[stream].rate), default: []].append(
                        Free(buffer: buffer, region: region, lane: schedule.streams[stream].isShared ? nil : lane))
                }
            }
        }
    }

    /// The input stream whose buffers the first output may take over.
    private func inPlace(_ operation: Schedule.Operation, at place: Int, _ schedule: Schedule) -> Int? {
        guard operation.worksInPlace, let input = operation.inputs.first, let output = operation.outputs.first,
            let source = input.stream, let result = output.stream, schedule.streams[source].lastUse == place,
            !schedule.streams[source].isShared,
            input.rate == output.rate, input.channels == Array(0..<schedule.streams[source].channels),
            input.channels.count == schedule.streams[result].channels,
            !operation.inputs.dropFirst().contains(where: { $0.stream == source })
        else { return nil }
        return source
    }

    private mutating func take(_ size: Int) -> UnsafeMutablePointer<Float> {
        if let index = free[size]?.lastIndex(where: { $0.region < region || $0.lane == lane }),
            let buffer = free[size]?.remove(at: index).buffer
        {
            return buffer
        }
        count += 1
        bytes += PlanMemory.bytes(ofSamples: size)
        // An address that tells the counted buffers apart; nobody reads or writes there.
        return memory?.samples(size) ?? UnsafeMutablePointer(bitPattern: 64 * count)!
    }
}
