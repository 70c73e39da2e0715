internal import CResampleKernels

/// Which inputs the outputs of each phase are made of, where inputs are dealt into streams.
///
/// A filter is computed from a multiple of `advance` inputs on, in eights of steps, so zeros lie before it, and few after it: what
/// lies after it has to be waited for.
struct StreamSpan {
    /// Inputs of an output up to the one at, or just before, its instant, and after it, zeros of the latter included.
    let behind: Int
    let ahead: Int
    /// Inputs of each class: a multiple of 8.
    let steps: Int
    /// For each phase, how many inputs lie between the first that is computed with and the one that `behind` tells.
    let shifts: [Int]

    /// - Parameter taps: samples of the lower rate that a filter lasts.
    init(taps: Int, phases: Int, advance: Int) {
        // In parts of 1 / 2L input: half of the filter, and a phase's instant after its frame.
        let (half, parts) = (taps * max(phases, advance), 2 * phases)
        let reach = (0..<phases).map { phase in
            (first: floor(2 * phase - half, parts) + 1, last: -floor(-(2 * phase + half), parts) - 1)
        }
        var frames = [Int](repeating: 0, count: phases)
        for output in 0..<phases { frames[output * advance % phases] = output * advance / phases }
        var best: StreamSpan?
        var steps = (half / phases / advance + 7) / 8 * 8
        while best == nil {
            for behind in (1 - reach.map(\.first).max()!)...(8 * advance + 1 - reach.map(\.first).min()!) {
                let shifts = frames.map { ($0 + 1 + advance * behind - behind) % advance }
                let all = advance * steps
                let fits = zip(reach, shifts).allSatisfy { reach, shift in
                    1 - behind - shift <= reach.first && reach.last <= all - behind - shift
                }
                let ahead = all - behind - (shifts.min() ?? 0)
                if fits, ahead < best?.ahead ?? .max {
                    best = StreamSpan(behind: behind, ahead: ahead, steps: steps, shifts: shifts)
                }
            }
            steps += 8
        }
        self = best!
    }

    private init(behind: Int, ahead: Int, steps: Int, shifts: [Int]) {
        (self.behind, self.ahead, self.steps, self.shifts) = (behind, ahead, steps, shifts)
    }
}

/// a / b rounded down; b > 0.
private func floor(_ a: Int, _ b: Int) -> Int { a >= 0 ? a / b : -((b - 1 - a) / b) }

extension BankLayout {
    func lay(_ span: StreamSpan, _ bank: inout syrinx_bank, _ memory: BankMemory) {
        let steps = span.steps / 2
        bank.streams = advance
        bank.steps = steps
        bank.stride = 3 * advance * steps
        // Pairs of steps, about as many before the instant as after it.
        let count = near / advance + 1
        let first = (behind + span.shifts.reduce(0, +) / phases - advance * (count - 1)) / (2 * advance)
        let middle = near > 0 ? first..<first + count : 0..<0
        bank.middle_first = middle.lowerBound
        bank.middle_steps = middle.count
        bank.middle_count = 2 * advance * middle.count
        let rows = memory.zeros(phases * bank.stride, of: Float.self)
        let middles = memory.zeros(phases * bank.middle_count, of: Double.self)
        for phase in 0..<phases {
            // Before the filter's taps lie the zeros of its shift, and as many as there are steps left follow.
            let taps = self.taps(Double(phase) / Double(phases))
            func tap(_ stream: Int, _ step: Int) -> Double {
                let j = stream + advance * step - span.shifts[phase]
                return taps.indices.contains(j) ? taps[j] : 0
            }
            var row = rows + phase * bank.stride
            for part in 0..<3 {
                for stream in 0..<advance {
                    for run in 0..<lanes {
                        for step in stride(from: run, to: steps, by: lanes) {
                            let (even, odd) = (tap(stream, 2 * step), tap(stream, 2 * step + 1))
                            let sum = part == 0 ? even + odd : part == 1 ? even : odd
                            row.pointee = middle.contains(step) ? 0 : Float(sum)
                            row += 1
                        }
                    }
                }
            }
            var place = middles + phase * bank.middle_count
            for stream in 0..<advance {
                for step in middle {
                    (place[0], place[1]) = (tap(stream, 2 * step), tap(stream, 2 * step + 1))
                    place += 2
                }
            }
        }
        bank.rows = UnsafePointer(rows)
        bank.middle = middle.isEmpty ? nil : UnsafePointer(middles)
    }
}
