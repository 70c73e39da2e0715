/// A part of a plan's order in which several threads may render at once.
///
/// The regions of a plan follow each other; within one, lanes need nothing of each other and share no buffer, so that no
/// sample depends on who renders which. An operation that needs two lanes begins the next region, and one that two others
/// need ends its own.
struct Region: Equatable {
    /// The operations, or steps, of each lane; lane 0 is the driver's own.
    var lanes: [Range<Int>]
}

extension Schedule {
    /// Puts operations that may be rendered at the same time into lanes, each lane's side by side.
    ///
    /// - Parameter threads: the most lanes; 1: the order stays as it is.
    mutating func spread(over threads: Int) {
        if threads < 2 || operations.isEmpty {
            regions = [Region(lanes: [0..<operations.count])]
            return
        }
        regions = []
        var order: [Int] = []
        for chains in independentChains() {
            // The longest first, each to the lane with the least to do; within a lane the order is the plan's.
            var lanes = [[Int]](repeating: [], count: min(threads, chains.count))
            for chain in chains.enumerated().sorted(by: {
                ($1.element.count, $0.offset) < ($0.element.count, $1.offset)
            }) {
                let least = lanes.indices.min { (lanes[$0].count, $0) < (lanes[$1].count, $1) } ?? 0
                lanes[least] += chain.element
            }
            regions.append(
                Region(
                    lanes: lanes.map { lane in
                        let first = order.count
                        order += lane.sorted()
                        return first..<order.count
                    }))
        }
        reorder(order)
    }

    /// For each region, chains of operations that need nothing of each other.
    private func independentChains() -> [[[Int]]] {
        var readers = [Set<Int>](repeating: [], count: streams.count)
        for (place, operation) in operations.enumerated() {
            for stream in operation.read { readers[stream].insert(place) }
        }
        var regions: [[[Int]]] = []
        var chains: [[Int]] = []
        var chainOf: [Int: Int] = [:]
        func close() {
            if !chains.isEmpty { regions.append(chains) }
            (chains, chainOf) = ([], [:])
        }
        var place = 0
        while place < operations.count {
            // A loop is rendered as a whole.
            let unit = loopSpans.values.first { $0.contains(place) } ?? place...place
            let needed = Set(unit.flatMap { needs(of: $0) }.compactMap { chainOf[$0] })
            if needed.count > 1 { close() }
            let chain = needed.count == 1 ? needed.first ?? 0 : chains.count
            if chain == chains.count { chains.append([]) }
            chains[chain] += unit
            for operation in unit { chainOf[operation] = chain }
            let made = unit.flatMap {
                operations[$0].kind == .render ? operations[$0].outputs.compactMap(\.stream) : []
            }
            if Set(made.flatMap { readers[$0] }).subtracting(unit).count > 1 { close() }
            place = unit.upperBound + 1
        }
        close()
        return regions
    }

    /// The operations that must have been done before one.
    private func needs(of place: Int) -> [Int] {
        let operation = operations[place]
        let made = operation.read.map { streams[$0].born }
        if operation.kind == .render { return made }
        return made + operation.outputs.compactMap { $0.stream.map { streams[$0].born } }
    }

    /// The lane of each operation.
    var laneOfOperations: [Int] {
        regions.flatMap { region in
            region.lanes.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element.count) }
        }
    }

    private mutating func reorder(_ order: [Int]) {
        var place = [Int](repeating: 0, count: order.count)
        for (new, old) in order.enumerated() { place[old] = new }
        operations = order.map { operations[$0] }
        loopSpans = loopSpans.mapValues { place[$0.lowerBound]...place[$0.upperBound] }
        for index in streams.indices {
            streams[index].born = place[streams[index].born]
            streams[index].lastUse = streams[index].born
        }
        var laneOf = [(region: Int, lane: Int)](repeating: (0, 0), count: order.count)
        for (region, lanes) in regions.map(\.lanes).enumerated() {
            for (lane, span) in lanes.enumerated() { for place in span { laneOf[place] = (region, lane) } }
        }
        var lanesOfLastRegion = [Set<Int>](repeating: [], count: streams.count)
        for (place, operation) in operations.enumerated() {
            for stream in operation.touched {
                if laneOf[streams[stream].lastUse].region != laneOf[place].region { lanesOfLastRegion[stream] = [] }
                lanesOfLastRegion[stream].insert(laneOf[place].lane)
                streams[stream].lastUse = place
            }
        }
        // What several lanes touch is free when all of them are through.
        for index in streams.indices where lanesOfLastRegion[index].count > 1 {
            streams[index].isShared = true
            streams[index].lastUse = (regions[laneOf[streams[index].lastUse].region].lanes.last?.upperBound ?? 1) - 1
        }
    }
}

extension Schedule.Operation {
    /// The streams that it reads.
    fileprivate var read: [Int] { inputs.compactMap(\.stream) + drives.map(\.stream) }

    /// The streams that it reads or writes.
    fileprivate var touched: [Int] { read + outputs.compactMap(\.stream) }
}

/// Threads that render the lanes of a region side by side.
public protocol RenderTeam: Sendable {
    /// Calls `work` with 0 ..< `count`, each on a thread of its own and 0 on the caller's, and returns when all are done.
    ///
    /// - Parameter count: at least 2, at most the lanes of the plan.
    /// - Thread: the driver's, outside the render section.
    func run(_ count: Int, _ work: (Int) -> Void)
}

/// Renders one lane after the other.
struct OneByOne: RenderTeam {
    func run(_ count: Int, _ work: (Int) -> Void) { for lane in 0..<count { work(lane) } }
}
