import Glibc
import SyrinxDSP

/// What sines of 0.5 become, by least squares; frequencies as shares of half the lower rate.
struct Sound {
    /// Largest less smallest gain up to 0.9, dB.
    let ripple: Double
    /// Where the gain has fallen by 0.1 dB.
    let edge: Double
    /// The most that comes out beside the sine, dB of the sine: aliases, images and noise, over the whole input band.
    let worst: Double
    /// Signal to all else at 1 kHz, and at 0.81 of half the lower rate.
    let low: Double
    let high: Double

    init(from input: Int, to output: Int, _ quality: ResamplerQuality) {
        let half = Double(min(input, output)) / 2
        func measure(_ frequency: Double) -> (gain: Double, rest: Double) {
            Self.measure(frequency, from: input, to: output, quality)
        }
        let reference = measure(1_000)
        var (least, most) = (0.0, 0.0)
        for step in 1...45 {
            let gain = measure(half * 0.02 * Double(step)).gain - reference.gain
            (least, most) = (min(least, gain), max(most, gain))
        }
        ripple = most - least
        var edge = 0.5
        while edge < 1 && measure(half * edge).gain - reference.gain > -0.1 { edge += 0.002 }
        self.edge = edge
        var worst = -200.0
        for step in 0..<200 {
            worst = max(worst, measure(Double(input) / 2 * (Double(step) + 0.37) / 200).rest)
        }
        // Just above half the lower rate, where what folds back lies nearest.
        for step in 0..<40 {
            let frequency = half * (1.0005 + 0.002 * Double(step))
            if frequency < Double(input) / 2 { worst = max(worst, measure(frequency).rest) }
        }
        self.worst = worst
        low = -reference.rest
        high = -measure(half * 0.81).rest
    }

    /// The gain of a sine, and what else comes out beside it, both in dB of the sine.
    private static func measure(
        _ frequency: Double, from input: Int, to output: Int, _ quality: ResamplerQuality
    ) -> (gain: Double, rest: Double) {
        let key = ResamplerTable.Key(inputRate: input, outputRate: output, quality: quality)
        let wanted = 4_096
        let frames = wanted * input / output + 2 * key.taps
        let turn = 2 * Double.pi * frequency / Double(input)
        let tone = (0..<frames).map { Float(0.5 * sin(turn * Double($0))) }
        let skipped = key.taps * output / input
        var result = [Float](repeating: 0, count: wanted + skipped)
        var resampler = RationalResampler(.shared(key), channels: 1, backlog: 2 * key.taps, largestInput: frames)
        resampler.begin(instant: 0, next: 0)
        resampler.append(tone, count: frames, channel: 0)
        resampler.advance(frames)
        let made = result.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return 0 }
            resampler.direct(0, to: start)
            return resampler.convert(buffer.count)
        }
        var (ss, sc, cc, ys, yc, yy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        let step = turn * Double(input) / Double(output)
        // Above half the output's rate no sine is left to find: all is alias.
        let isThere = frequency < Double(min(input, output)) / 2
        for k in skipped..<made {
            let (s, c, y) = (sin(step * Double(k)), cos(step * Double(k)), Double(result[k]))
            (ss, sc, cc) = (ss + s * s, sc + s * c, cc + c * c)
            (ys, yc, yy) = (ys + y * s, yc + y * c, yy + y * y)
        }
        let count = Double(made - skipped)
        if !isThere { return (-200, 10 * log10(yy / count / 0.125)) }
        let determinant = ss * cc - sc * sc
        let (a, b) = ((ys * cc - yc * sc) / determinant, (yc * ss - ys * sc) / determinant)
        var rest = 0.0
        for k in skipped..<made {
            let error = Double(result[k]) - a * sin(step * Double(k)) - b * cos(step * Double(k))
            rest += error * error
        }
        return (10 * log10((a * a + b * b) / 0.25), 10 * log10(rest / count / 0.125))
    }
}
