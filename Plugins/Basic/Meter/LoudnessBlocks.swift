internal import SyrinxDSP

/// Gathers hops of 100 ms into loudness: momentary, short-term, integrated, and its range.
///
/// - Units: energies are means of squares, weighted and summed over the channels; 0 LUFS is −0.691 dB.
/// - Thread: the one that owns it.
/// - Source: ITU-R BS.1770-5, Annex 1 (gates at −70 LUFS and −10 LU, blocks of 400 ms every 100 ms); EBU Tech 3342 (range
///   between the 10th and 95th percentile of 3 s every second, gates at −70 LUFS and −20 LU).
struct LoudnessBlocks: ~Copyable {
    /// Hops that the short-term loudness looks back.
    private static var window: Int { 30 }

    private var hops = 0
    /// The energy times the frames, and the frames, of the last hops.
    private let sums: UnsafeMutablePointer<Double>
    private let frames: UnsafeMutablePointer<Int>
    private let blocks = EnergyClasses()
    private let stretches = EnergyClasses()

    init() {
        sums = .allocate(capacity: Self.window)
        sums.initialize(repeating: 0, count: Self.window)
        frames = .allocate(capacity: Self.window)
        frames.initialize(repeating: 0, count: Self.window)
    }

    deinit {
        sums.deallocate()
        frames.deallocate()
    }

    /// Takes in a hop.
    @_noLocks @_noAllocation
    mutating func add(sum: Double, frames count: Int) {
        sums[hops % Self.window] = sum
        frames[hops % Self.window] = count
        hops += 1
        if hops >= 4 { blocks.add(energy(of: 4)) }
        if hops >= Self.window, hops % 10 == 0 { stretches.add(energy(of: Self.window)) }
    }

    /// Momentary and short-term loudness, and if `all` what has come together since the start.
    @_noLocks @_noAllocation
    func read(_ figures: inout LoudnessFigures, all: Bool) {
        figures.momentary = Self.level(energy(of: 4))
        figures.shortTerm = Self.level(energy(of: Self.window))
        if all {
            figures.integrated = Self.level(blocks.mean(gate: 0.1))
            figures.range = stretches.range(gate: 0.01)
        }
    }

    /// The mean over the last hops; before the first there was silence.
    @_noLocks @_noAllocation
    private func energy(of count: Int) -> Double {
        var (sum, length) = (0.0, 0)
        let heard = min(count, hops)
        for back in 0..<heard {
            let place = (hops - 1 - back) % Self.window
            sum += sums[place]
            length += frames[place]
        }
        return heard == 0 ? 0 : sum / (Double(length) * Double(count) / Double(heard))
    }

    @_noLocks @_noAllocation
    static func level(_ energy: Double) -> Double { powerToDecibels(energy) - 0.691 }

    @_noLocks @_noAllocation
    mutating func reset() {
        hops = 0
        blocks.reset()
        stretches.reset()
    }
}

/// Energies of blocks, in classes of 0.1 LU from −70 LUFS to 30: how many, and their sum, so that means are exact but for
/// the class in which a gate lies.
struct EnergyClasses: ~Copyable {
    private static var count: Int { 1000 }
    private let counts: UnsafeMutablePointer<Int>
    private let sums: UnsafeMutablePointer<Double>

    init() {
        counts = .allocate(capacity: Self.count)
        counts.initialize(repeating: 0, count: Self.count)
        sums = .allocate(capacity: Self.count)
        sums.initialize(repeating: 0, count: Self.count)
    }

    deinit {
        counts.deallocate()
        sums.deallocate()
    }

    /// Takes in a block, unless it lies below −70 LUFS.
    @_noLocks @_noAllocation
    func add(_ energy: Double) {
        let level = LoudnessBlocks.level(energy)
        if level < -70 || energy == 0 { return }
        let index = level < 30 ? min(Int((level + 70) * 10), Self.count - 1) : Self.count - 1
        counts[index] += 1
        sums[index] += energy
    }

    /// The mean of what is not below `gate` times the mean of all; 0 where there is nothing.
    @_noLocks @_noAllocation
    func mean(gate: Double) -> Double {
        let all = mean(from: 0)
        return mean(from: firstClass(above: all * gate))
    }

    /// From the 10th to the 95th percentile of what is not below `gate` times the mean of all, in LU.
    @_noLocks @_noAllocation
    func range(gate: Double) -> Double {
        let first = firstClass(above: mean(from: 0) * gate)
        var total = 0
        for index in first..<Self.count { total += counts[index] }
        if total == 0 { return 0 }
        let low = level(of: (total - 1) * 10, from: first)
        return level(of: (total - 1) * 95, from: first) - low
    }

    @_noLocks @_noAllocation
    private func mean(from first: Int) -> Double {
        var (sum, total) = (0.0, 0)
        for index in first..<Self.count {
            sum += sums[index]
            total += counts[index]
        }
        return total == 0 ? 0 : sum / Double(total)
    }

    /// The first class whose blocks are not below an energy.
    @_noLocks @_noAllocation
    private func firstClass(above energy: Double) -> Int {
        var index = 0
        while index < Self.count, counts[index] == 0 || sums[index] / Double(counts[index]) < energy { index += 1 }
        return index
    }

    /// The level of the class that holds the block of a rank, which is given in hundredths.
    @_noLocks @_noAllocation
    private func level(of hundredths: Int, from first: Int) -> Double {
        let rank = (hundredths + 50) / 100
        var (index, passed) = (first, counts[first])
        while passed <= rank {
            index += 1
            passed += counts[index]
        }
        return LoudnessBlocks.level(sums[index] / Double(counts[index]))
    }

    @_noLocks @_noAllocation
    func reset() {
        counts.update(repeating: 0, count: Self.count)
        sums.update(repeating: 0, count: Self.count)
    }
}
