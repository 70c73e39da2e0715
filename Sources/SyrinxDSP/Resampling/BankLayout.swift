internal import CResampleKernels

/// Memory for the coefficients of banks, aligned to lines of the cache; freed with the last that holds it.
final class BankMemory: Sendable {
    private nonisolated(unsafe) var blocks: [UnsafeMutableRawPointer] = []

    deinit { for block in blocks { block.deallocate() } }

    /// Zeros. Thread: control, before anybody else sees this object.
    func zeros<T: Numeric>(_ count: Int, of type: T.Type) -> UnsafeMutablePointer<T> {
        let block = UnsafeMutableRawPointer.allocate(byteCount: max(1, count) * MemoryLayout<T>.stride, alignment: 64)
        blocks.append(block)
        let values = block.bindMemory(to: type, capacity: count)
        values.initialize(repeating: .zero, count: count)
        return values
    }
}

/// Lays a filter's coefficients out as the kernels want to read them; `CResampleKernels.h` says how that is.
struct BankLayout {
    /// Inputs of an output up to the one at, or just before, its instant, and after it.
    let behind: Int
    let ahead: Int
    let phases: Int
    let advance: Int
    /// Where a filter lies in streams; nil for rows and columns.
    let streams: StreamSpan?
    let lanes: Int
    /// How far from the instant products are summed in double precision, at least; 0 for none.
    let near: Int
    /// Does the filter begin at `ahead`, with its largest coefficients? Rows only. Else it is symmetric.
    let isOneSided: Bool
    /// The filter at some times in input samples.
    let filter: ([Double]) -> [Double]

    /// How many places between two inputs have a row where not all have.
    private static let blendedPlaces = 128
    /// Rows of all places are made up to this many bytes.
    private static let largestExact = 2 << 20
    /// Rows of all pairs of place and row are made up to this many bytes.
    private static let largestGrid = 256 << 10

    /// The coefficients of an output that lies `place` of an input after an input.
    func taps(_ place: Double) -> [Double] {
        filter((0..<behind + ahead).map { place - Double(1 - behind + $0) })
    }

    func bank(in memory: BankMemory) -> syrinx_bank {
        var bank = syrinx_bank()
        bank.lanes = lanes
        bank.taps = behind + ahead
        bank.behind = behind
        bank.phases = phases
        bank.advance = advance
        if let streams {
            lay(streams, &bank, memory)
        } else if reach > 0 {
            layColumns(&bank, memory)
        } else {
            layRows(&bank, memory)
        }
        return bank
    }

    /// How many taps of 16 outputs can be picked from the same 32 samples, where that is how it is done; else 0.
    private var reach: Int {
        guard lanes == 16, phases * (behind + ahead) * 4 <= Self.largestExact else { return 0 }
        let farthest = (15 * advance + phases - 1) / phases
        return farthest + 7 < 32 ? 8 : farthest + 3 < 32 ? 4 : 0
    }

    private func layColumns(_ bank: inout syrinx_bank, _ memory: BankMemory) {
        let taps = behind + ahead
        // Taps are taken in fours, so the precise ones begin at the next of them; those of a one-sided filter are its last.
        let first = isOneSided ? precise.first / 4 * 4 : (precise.first + 2) / 4 * 4
        let wide = isOneSided && precise.count > 0 ? (taps - first + 3) / 4 * 4 : precise.count
        // So many times all phases that at most one lane of 25 is idle.
        let times = (1...lanes).first { (-$0 * phases & (lanes - 1)) * 24 <= $0 * phases } ?? lanes
        bank.columns = times * phases
        bank.reach = reach
        bank.steps = (taps + 3) / 4 * 4
        bank.stride = (bank.columns + lanes - 1) / lanes * lanes
        // There is one: advance and phases have no divisor in common.
        bank.inverse = (1...phases).first { $0 * advance % phases == 1 % phases } ?? 1
        bank.middle_first = first
        bank.middle_count = wide
        let offsets = memory.zeros(bank.columns + lanes, of: Int32.self)
        for column in 0..<(bank.columns + lanes) { offsets[column] = Int32(column * advance / phases) }
        let rows = memory.zeros(bank.steps * bank.stride, of: Float.self)
        let middles = memory.zeros(wide * bank.stride, of: Double.self)
        for phase in 0..<phases {
            let values = self.taps(Double(phase) / Double(phases))
            for column in stride(from: phase * bank.inverse % phases, to: bank.columns, by: phases) {
                for j in 0..<taps {
                    if j < first || j >= first + wide {
                        rows[j * bank.stride + column] = Float(values[j])
                    } else {
                        middles[(j - first) * bank.stride + column] = values[j]
                    }
                }
            }
        }
        bank.rows = UnsafePointer(rows)
        bank.offsets = UnsafePointer(offsets)
        bank.middle = wide > 0 ? UnsafePointer(middles) : nil
    }

    /// The taps that are summed in double precision: the first of them, and how many, a multiple of 4. What a filter of minimum
    /// phase does first it does with most of its weight.
    private var precise: (first: Int, count: Int) {
        let taps = behind + ahead
        let wide = min(taps, isOneSided ? 4 * near : 2 * near) / 4 * 4
        return (isOneSided ? taps - wide : behind - wide / 2, wide)
    }

    private func layRows(_ bank: inout syrinx_bank, _ memory: BankMemory) {
        let taps = behind + ahead
        let steps = (taps + 2 * (lanes - 1)) / lanes
        let grid = greatestCommonDivisor(advance, lanes)
        let pairs = lanes * phases / grid
        let width = lanes * (steps + 1)
        let isBlended = phases > Self.blendedPlaces + 3 && phases * width * 4 > Self.largestExact
        let isGrid = !isBlended && pairs * steps * lanes * 4 <= max(Self.largestGrid, phases * width * 4)
        let count = isGrid ? pairs : isBlended ? Self.blendedPlaces + 3 : phases
        bank.steps = steps
        bank.stride = isGrid ? lanes * steps : width
        bank.grid = isGrid ? grid : 0
        bank.blended = isBlended ? Self.blendedPlaces : 0
        let (first, wide) = precise
        bank.middle_first = first
        bank.middle_count = wide
        func place(_ row: Int) -> Double {
            isBlended ? Double(row - 1) / Double(Self.blendedPlaces) : Double(row) / Double(phases)
        }
        let rows = memory.zeros(count * bank.stride, of: Float.self)
        for row in 0..<count {
            let shift = isGrid ? row * grid / phases : lanes
            let values = self.taps(place(isGrid ? row * grid % phases : row))
            for j in 0..<taps where j < first || j >= first + wide {
                rows[row * bank.stride + shift + j] = Float(values[j])
            }
        }
        bank.rows = UnsafePointer(rows)
        if wide == 0 { return }
        let middles = memory.zeros((isBlended ? count : phases) * bank.middle_count, of: Double.self)
        for phase in 0..<(isBlended ? count : phases) {
            let values = self.taps(place(phase))
            for j in 0..<wide { middles[phase * wide + j] = values[first + j] }
        }
        bank.middle = UnsafePointer(middles)
    }
}
