internal import CPluginHost
internal import SyrinxCore
internal import SyrinxPlugin

/// Tries whether a plugin's types keep what the header asks; each rule says what breaks it, and what to do.
struct PluginTrials {
    /// What is told of each rule: its name before it is tried, and what was found after.
    enum Report {
        case begins(String)
        case passed
        case failed(String)
    }

    private static let frames = 9_000
    /// More than a rounding or two, less than a step that is heard: −100 dB.
    private static let tolerance: Float = 1e-5

    let library: PluginLibrary
    let tell: (Report) -> Void

    func run() {
        syrinx_watch_install()
        for entry in library.entries {
            for rate in [48_000, 44_100] { run(entry, rate) }
        }
    }

    private func run(_ entry: PluginLibrary.Entry, _ rate: Int) {
        let name = "\(entry.description.descriptor.type) at \(rate) Hz"
        func attempt(_ rule: String, _ body: () throws(PipelineError) -> String?) {
            tell(.begins("\(name): \(rule)"))
            do throws(PipelineError) {
                if let fault = try body() { tell(.failed(fault)) } else { tell(.passed) }
            } catch {
                tell(.failed(error.message + (error.cause.map { " (\($0))" } ?? "")))
            }
        }
        let values = Self.values(of: entry.description.descriptor)
        func bench() throws(PipelineError) -> TrialBench { try TrialBench(entry, values: values, rate: rate) }
        let moves = Self.moves(of: entry.description.descriptor, rate: rate)
        var reference: TrialBench.Outcome?
        attempt("it is made, activated and renders") { () throws(PipelineError) in
            let outcome = try bench().render(Self.frames, cuts: [512], moves: moves, splitsAtMoves: true, Self.noise)
            reference = outcome
            if let fault = outcome.faults.sorted().first { return fault }
            return Self.isFinite(outcome.outputs) ? nil : "NaN or infinity comes out of noise"
        }
        guard let reference else { return }
        for (words, cuts) in [
            ("slices of 1", [1]), ("slices of 7, 64 and 480", [7, 64, 480]), ("slices of 4096", [4096]),
            ("random slices", Self.randomCuts),
        ] {
            attempt("the same comes out in \(words)") { () throws(PipelineError) in
                let outcome = try bench().render(
                    Self.frames, cuts: cuts, moves: moves, splitsAtMoves: true, Self.noise)
                return Self.difference(outcome, reference)
            }
        }
        if !moves.isEmpty {
            attempt("parameters move at their frame within a slice") { () throws(PipelineError) in
                let outcome = try bench().render(Self.frames, cuts: [4096, 100], moves: moves, Self.noise)
                return Self.difference(outcome, reference).map { $0 + "; heed `frame` of the changes" }
            }
        }
        let (first, second) = (
            entry.description.descriptor.streamInputs.first, entry.description.descriptor.streamOutputs.first
        )
        if entry.description.descriptor.worksInPlace, first?.kind == .audio, second?.kind == .audio {
            attempt("in place it gives the same") { () throws(PipelineError) in
                let outcome = try bench().render(
                    Self.frames, cuts: [512], moves: moves, splitsAtMoves: true, inPlace: true, Self.noise)
                return Self.difference(outcome, reference)
            }
        }
        attempt("reset is a fresh start") { () throws(PipelineError) in
            let bench = try bench()
            _ = bench.render(
                2_000, cuts: [300], moves: moves.map { .init(frame: 10, parameter: $0.parameter, value: $0.value) },
                Self.noise)
            bench.reset()
            let outcome = bench.render(Self.frames, cuts: [512], moves: moves, splitsAtMoves: true, Self.noise)
            return Self.difference(outcome, reference)
        }
        attempt("deactivate and activate are a fresh start") { () throws(PipelineError) in
            let bench = try bench()
            _ = bench.render(2_000, cuts: [300], Self.noise)
            try bench.restart()
            let outcome = bench.render(Self.frames, cuts: [512], moves: moves, splitsAtMoves: true, Self.noise)
            return Self.difference(outcome, reference)
        }
        attempt("silence and denormals give finite samples") { () throws(PipelineError) in
            let bench = try bench()
            let silent = bench.render(4_000, cuts: [256]) { _, _, _ in 0 }
            let small = bench.render(4_000, cuts: [256], from: 4_000) { _, _, _ in .leastNonzeroMagnitude }
            return Self.isFinite(silent.outputs) && Self.isFinite(small.outputs) ? nil : "NaN or infinity comes out"
        }
        if !entry.description.descriptor.streamInputs.isEmpty {
            attempt("NaN and infinity do not outlast the slice that they came in") { () throws(PipelineError) in
                let bench = try bench()
                _ = bench.render(256, cuts: [256]) { _, _, frame in frame == 17 ? .nan : frame == 90 ? .infinity : 0.1 }
                let after = bench.render(rate, cuts: [256], from: 256) { _, _, _ in 0.1 }
                return Self.isFinite(after.outputs)
                    ? nil : "they come out in later slices; treat what is not finite as 0 where you keep it"
            }
        }
        attempt("process keeps off heap, locks and system") { () throws(PipelineError) in
            let bench = try bench()
            var outcome = bench.render(Self.frames, cuts: [64, 7], moves: moves, Self.noise)
            bench.reset()
            outcome = bench.render(1_000, cuts: [64], Self.noise)
            return Self.words(outcome.watch)
        }
    }

    private static func words(_ watch: syrinx_watch) -> String? {
        func words(_ count: Int, _ name: UnsafePointer<CChar>?, _ what: String) -> String? {
            count == 0 ? nil : "\(count) calls of \(what), the first of \(name.map { String(cString: $0) } ?? "?")"
        }
        let all = [
            words(watch.counts.0, watch.names.0, "the heap"), words(watch.counts.1, watch.names.1, "locks"),
            words(watch.counts.2, watch.names.2, "the system"),
        ].compactMap(\.self)
        return all.isEmpty ? nil : all.joined(separator: "; ") + "; do that in activate, or in work"
    }

    /// The defaults; of what a pipeline must give, the middle of its range.
    private static func values(of descriptor: NodeDescriptor) -> [Value?] {
        descriptor.parameters.map { parameter in
            if let value = parameter.defaultValue { return value }
            switch parameter.kind {
            case .number(let range): return .number(range.lowerBound / 2 + range.upperBound / 2)
            case .integer(let range): return .integer(range.lowerBound / 2 + range.upperBound / 2)
            case .boolean: return .boolean(false)
            case .choice(let words): return words.first.map(Value.string)
            default: return nil
            }
        }
    }

    /// Every live parameter to three quarters and to a quarter of its range.
    private static func moves(of descriptor: NodeDescriptor, rate: Int) -> [TrialBench.Move] {
        // Frames count at the first port's rate: where that is a control port there are fewer of them.
        let isControl = (descriptor.streamInputs + descriptor.streamOutputs).first?.kind == .control
        if isControl { return [] }
        return descriptor.parameters.enumerated().filter(\.element.live).flatMap { index, parameter in
            let range: ClosedRange<Double>
            switch parameter.kind {
            case .number(let numbers): range = numbers
            case .integer(let integers): range = Double(integers.lowerBound)...Double(integers.upperBound)
            default: return [TrialBench.Move]()
            }
            let width = range.upperBound - range.lowerBound
            let isWhole = if case .integer = parameter.kind { true } else { false }
            func value(_ share: Double) -> Double {
                let value = range.lowerBound + share * width
                return isWhole ? value.rounded() : value
            }
            return [
                .init(frame: 1_537 + 11 * index, parameter: index, value: value(0.75)),
                .init(frame: 1_700 + 11 * index, parameter: index, value: value(0.25)),
                .init(frame: 6_001, parameter: index, value: value(0.6)),
            ]
        }
    }

    /// White noise by a hash of its place: the same however it is asked for.
    private static func noise(_ port: Int, _ channel: Int, _ frame: Int) -> Float {
        var state =
            UInt64(truncatingIfNeeded: frame) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(port &* 31 &+ channel) &* 0xBF58_476D
        state = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        state = (state ^ (state >> 27)) &* 0x94D0_49BB_1331_11EB
        return Float(Int32(truncatingIfNeeded: (state ^ (state >> 31)) >> 33)) / Float(Int32.max) * 0.5
    }

    private static let randomCuts: [Int] = (0..<200).map { 1 + Int((UInt64($0) &* 2_654_435_761) >> 7 % 900) }

    private static func isFinite(_ outputs: [[[Float]]]) -> Bool {
        outputs.allSatisfy { $0.allSatisfy { $0.allSatisfy(\.isFinite) } }
    }

    /// Where two outcomes differ by more than roundings, if they do.
    private static func difference(_ one: TrialBench.Outcome, _ other: TrialBench.Outcome) -> String? {
        if let fault = one.faults.sorted().first { return fault }
        for (port, pair) in zip(one.outputs, other.outputs).enumerated() {
            for (channel, samples) in zip(pair.0, pair.1).enumerated() {
                if samples.0.count != samples.1.count { return "output \(port) has another length" }
                let peak = max(1, samples.1.map(abs).max() ?? 0)
                let first = zip(samples.0, samples.1).enumerated().first { index, pair in
                    !(abs(pair.0 - pair.1) <= tolerance * peak)
                }
                if let first {
                    let (index, found) = (first.offset, first.element)
                    return
                        "output \(port), channel \(channel), frame \(index) is \(found.0), expected \(found.1) as in slices of 512; keep all state from slice to slice, counted in frames"
                }
            }
        }
        return one.events == other.events ? nil : "its events are others, or at other frames"
    }
}
