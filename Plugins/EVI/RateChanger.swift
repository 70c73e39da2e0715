internal import SyrinxClocks

/// Brings a stream of samples to another rate, piece by piece, without a seam between pieces.
///
/// Output frame k is the input's value at the instant k / `outputRate`; n frames in give ceil(n · out / in) frames out,
/// once ``finish(into:)`` has said that no more will come. Equal rates pass every bit.
///
/// - Thread: any, one at a time; not for render, since it grows arrays.
struct RateChanger: ~Copyable {
    private static let largestPiece = 2_048

    let inputRate: Int
    let outputRate: Int
    private var resampler: VariableResampler?
    private let step: Double
    /// Frames in and out since the beginning.
    private(set) var taken = 0
    private(set) var given = 0
    private var buffer: [Float] = []

    init(from inputRate: Int, to outputRate: Int) {
        self.inputRate = inputRate
        self.outputRate = outputRate
        step = Double(inputRate) / Double(outputRate)
        if inputRate != outputRate {
            resampler = VariableResampler(
                channels: 1, inputRate: inputRate, outputRate: outputRate, history: Self.largestPiece)
        }
    }

    /// The rates are equal: what comes in goes out.
    var isPlain: Bool { inputRate == outputRate }

    /// Counts samples that went by without it, where it changes nothing.
    mutating func pass(_ frames: Int) {
        taken += frames
        given += frames
    }

    /// The frame of the output that begins with input frame `frames`.
    func place(ofInput frames: Int) -> Int {
        Int((Int128(frames) * Int128(outputRate) + Int128(inputRate) - 1) / Int128(inputRate))
    }

    /// Takes samples in, and adds what they suffice for to `output`.
    mutating func add(_ samples: UnsafeBufferPointer<Float>, into output: inout [Float]) {
        taken += samples.count
        guard resampler != nil else {
            given += samples.count
            output += samples
            return
        }
        var done = 0
        while done < samples.count {
            let count = min(samples.count - done, resampler?.largestAppend ?? 0, Self.largestPiece)
            if let first = samples.baseAddress { resampler?.append(0, first + done, frames: count) }
            resampler?.finishAppend(count)
            done += count
            make(Int.max, into: &output)
        }
    }

    /// Gives what is left, as if silence followed, and begins anew.
    mutating func finish(into output: inout [Float]) {
        let total = place(ofInput: taken)
        if resampler != nil {
            let silence = [Float](repeating: 0, count: 64)
            while given < total {
                silence.withUnsafeBufferPointer { silence in
                    if let first = silence.baseAddress { resampler?.append(0, first, frames: silence.count) }
                }
                resampler?.finishAppend(silence.count)
                make(total - given, into: &output)
            }
        }
        restart()
    }

    /// Forgets what it has heard.
    mutating func restart() {
        resampler?.restart(at: 0)
        resampler?.place(at: 0, 0)
        taken = 0
        given = 0
    }

    private mutating func make(_ most: Int, into output: inout [Float]) {
        let count = min(most, resampler?.readyFrames(step: step) ?? 0)
        if count == 0 { return }
        if buffer.count < count { buffer = [Float](repeating: 0, count: count) }
        buffer.withUnsafeMutableBufferPointer { buffer in
            if let first = buffer.baseAddress {
                resampler?.render(into: first, stride: count, frames: count, step: step)
            }
        }
        output += buffer[..<count]
        given += count
    }
}
