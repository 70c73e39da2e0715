internal import CResampleKernels
internal import Synchronization

/// The filters of a resampler between two rates: made once, and shared by all that convert alike.
///
/// With rates r_in / r_out = M / L in lowest terms, an output lies at one of L places between two inputs, and each has its
/// coefficients: one long low-pass, of which it takes every L-th. How they lie in memory is told by `CResampleKernels`:
///
/// - *streams* where L and M are small;
/// - *columns* else, where vectors hold 16 and r_in is below 1.8 · r_out, or *rows*. Where L is so large that they would not stay
///   in a cache (44 101 → 47 999 Hz), there are rows for 128 places, and a row between them is found by a cubic through four: its
///   error is below −160 dB up to half the rate.
///
/// Where r_in is at least twice r_out and L is large (44.1 → 16 kHz), the long filter works at n · r_out, n = ⌊M / L⌋ up to 32, whence
/// every n-th sample is left; a short one of rows brings the input there (``fore``). It need not be steep, for whatever it lets
/// through above r_out / 2 the long one stops; only what would fold into that band must be gone.
///
/// - Thread: made on control; read by any.
package final class ResamplerTable: Sendable {
    /// What tables of two converters have in common, if they are the same.
    package struct Key: Sendable, Hashable {
        let inputStep: Int
        let outputStep: Int
        let quality: ResamplerQuality
        let phase: ResamplerPhase

        package init(
            inputRate: Int, outputRate: Int, quality: ResamplerQuality, phase: ResamplerPhase = .linear
        ) {
            let common = greatestCommonDivisor(inputRate, outputRate)
            (inputStep, outputStep) = (inputRate / common, outputRate / common)
            self.quality = quality
            self.phase = phase
        }

        /// Are samples dealt into streams?
        private var hasStreams: Bool {
            phase == .linear && outputStep <= Int(SYRINX_STREAMS_PHASES) && inputStep <= Int(SYRINX_STREAMS_MOST)
        }

        /// n where a short filter brings the input to n · r_out first; else 0.
        var foreSteps: Int {
            outputStep > 8 && inputStep >= 2 * outputStep
                ? min(inputStep / outputStep, Int(SYRINX_STREAMS_MOST)) : 0
        }

        /// How the one filter, or the long one, lies in streams; nil for rows and columns.
        var streamSpan: StreamSpan? {
            if foreSteps > 0 {
                return phase == .linear ? StreamSpan(taps: quality.taps, phases: 1, advance: foreSteps) : nil
            }
            return hasStreams ? StreamSpan(taps: quality.taps, phases: outputStep, advance: inputStep) : nil
        }

        /// How many inputs after the one at, or just before, an output's instant it is made of.
        package var reach: Int { foreSteps == 0 ? span.ahead : foreHalf + toInputs(span.ahead) }

        /// The most inputs that an output is made of.
        package var taps: Int {
            let (behind, ahead) = span
            return foreSteps == 0 ? behind + ahead : 2 * foreHalf + toInputs(ahead) + toInputs(behind)
        }

        /// The inputs of the one filter, or of the long one in its input's samples: how many up to the one at, or just before, an
        /// output's instant, and how many after it.
        var span: (behind: Int, ahead: Int) {
            if phase == .minimum {
                let (taps, delay) = (Double(quality.taps) * stretch, quality.minimumDelay * stretch)
                return (Int((taps - delay).rounded(.down)) + 1, Int(delay.rounded(.up)))
            }
            if let span = streamSpan { return (span.behind, span.ahead) }
            let half = Int((Double(quality.taps / 2) * stretch).rounded(.up))
            return (half, half)
        }

        /// Samples of the long filter's input to one of the lower rate.
        var stretch: Double {
            foreSteps > 0 ? Double(foreSteps) : max(1, Double(inputStep) / Double(outputStep))
        }

        /// Inputs that last as long as `frames` of what the short filter makes.
        private func toInputs(_ frames: Int) -> Int {
            let parts = foreSteps * outputStep
            return (frames * inputStep + parts - 1) / parts
        }

        /// Half the taps of the short filter, which goes down from 0.5 · r_out to (n − 0.5) · r_out.
        ///
        /// - Source: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", Proc. IEEE Int.
        ///   Symp. Circuits and Systems, 1974: N + 1 coefficients have Δf = (A − 7.95) / (14.36 · N).
        var foreHalf: Int {
            let transition = Double(foreSteps - 1) * Double(outputStep) / Double(inputStep)
            return Int(((quality.attenuation + 3 - 7.95) / 14.36 / transition / 2).rounded(.up)) + 1
        }
    }

    package let key: Key
    /// What the kernel knows of the coefficients; plain numbers, constant after `init`.
    nonisolated(unsafe) let bank: syrinx_bank
    /// The filter before, if there is one; constant after `init`.
    nonisolated(unsafe) let fore: syrinx_bank?
    private let memory: BankMemory

    /// Bytes that rows which are found between others take, 16 rows in all.
    var scratch: Int { Self.scratch(bank) }
    var foreScratch: Int { fore.map(Self.scratch) ?? 0 }
    private static func scratch(_ bank: syrinx_bank) -> Int {
        bank.blended > 0 ? 16 * (bank.middle_count * 8 + bank.stride * 4) : 0
    }

    package init(_ key: Key, vectors: RationalResampler.Vectors = .widest) {
        self.key = key
        let lanes = Int(syrinx_vector_lanes(vectors.rawValue))
        let (quality, phase, steps, span, stretch) = (key.quality, key.phase, key.foreSteps, key.span, key.stretch)
        let memory = BankMemory()
        let near = quality.isPrecise ? Int((Double(Self.near) * stretch).rounded(.up)) : 0
        bank = BankLayout(
            behind: span.behind, ahead: span.ahead, phases: steps > 0 ? 1 : key.outputStep,
            advance: steps > 0 ? steps : key.inputStep, streams: key.streamSpan,
            lanes: lanes, near: near, isOneSided: phase == .minimum
        ) { times in
            quality.filter(at: times.map { $0 / stretch }, phase: phase).map { $0 / stretch }
        }.bank(in: memory)
        if steps > 0 {
            let half = Double(key.foreHalf)
            let cutoff = Double(steps) / 2 * Double(key.outputStep) / Double(key.inputStep)
            let beta = 0.1102 * (quality.attenuation + 3 - 8.7)
            // In lowest terms, too.
            let common = greatestCommonDivisor(key.inputStep, steps)
            fore = BankLayout(
                behind: key.foreHalf, ahead: key.foreHalf, phases: steps * key.outputStep / common,
                advance: key.inputStep / common,
                streams: nil, lanes: lanes, near: quality.isPrecise ? Self.near : 0, isOneSided: false
            ) { times in times.map { syrinx_kaiser_sinc($0, half, cutoff, beta) } }.bank(in: memory)
        } else {
            fore = nil
        }
        self.memory = memory
    }

    /// Samples of the lower rate on either side of a filter's middle whose products are summed in double precision: farther out
    /// they are small, and so are their roundings.
    private static let near = 4

    private struct Entry {
        weak var table: ResamplerTable?
    }
    private static let made = Mutex<[Key: Entry]>([:])

    /// The table for a key and the widest vectors of the machine: the one that somebody has already, or a new one.
    ///
    /// - Thread: control.
    package static func shared(_ key: Key) -> ResamplerTable {
        if let table = made.withLock({ $0[key]?.table }) { return table }
        // Made outside the lock; of two that are made at once the second finds the first.
        let table = ResamplerTable(key)
        return made.withLock { entries in
            if let first = entries[key]?.table { return first }
            entries = entries.filter { $0.value.table != nil }
            entries[key] = Entry(table: table)
            return table
        }
    }
}

func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : greatestCommonDivisor(b, a % b) }
