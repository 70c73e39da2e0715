// What kernels cost beside plain C that is compiled for this machine: ns per frame of stereo, both in turns.
//
//   kernels [--rounds N]
import CPlain
import Glibc
import SyrinxDSP
import Timing

/// Frames of a call: a block as pipelines render it flat out, near enough to the processor to show the arithmetic.
let frames = 1024

typealias Work = () -> Void

/// One kernel: ours, and the same in C.
struct Row {
    let name: String
    let own: Work
    let plain: Work
}

func nanoseconds(_ work: Work) -> Double {
    let before = threadTime()
    for _ in 0..<200 { work() }
    return (threadTime() - before) / Double(200 * frames)
}

func floats(_ count: Int, seed: UInt64) -> UnsafeMutableBufferPointer<Float> {
    let noise = CounterNoise(seed: seed)
    let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
    for k in 0..<count { memory.initializeElement(at: k, to: noise.uniform(at: k) * 0.9) }
    return memory
}

/// Left and right, side by side.
nonisolated(unsafe) let planes = floats(2 * frames, seed: 1)
nonisolated(unsafe) let other = floats(2 * frames, seed: 2)
nonisolated(unsafe) let target = floats(2 * frames, seed: 3)
nonisolated(unsafe) let bytes = UnsafeMutableRawPointer.allocate(byteCount: 16 * frames, alignment: 64)
nonisolated(unsafe) let left = planes.baseAddress!
nonisolated(unsafe) let right = left + frames
nonisolated(unsafe) let outLeft = target.baseAddress!
nonisolated(unsafe) let outRight = outLeft + frames
nonisolated(unsafe) let sources = [UnsafePointer(left), UnsafePointer(right)] as [UnsafePointer<Float>?]
nonisolated(unsafe) let targets = [outLeft, outRight] as [UnsafeMutablePointer<Float>?]
nonisolated(unsafe) var tally = PCMTally()
nonisolated(unsafe) var seed: UInt32 = 1
nonisolated(unsafe) var isLoud = false

func part(_ memory: UnsafeMutableBufferPointer<Float>, _ channel: Int) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(rebasing: memory[channel * frames..<(channel + 1) * frames])
}

func encode(_ encoding: PCMEncoding, dithered: Bool = false) -> Work {
    let layout = PCMLayout(encoding)
    return {
        encodePCM(
            sources, channels: 2, count: frames, as: layout,
            dither: dithered ? TriangularDither(seed: 1, index: 0) : nil, into: bytes, tally: &tally)
    }
}

func decode(_ encoding: PCMEncoding) -> Work {
    let layout = PCMLayout(encoding)
    return { decodePCM(bytes, as: layout, channels: 2, count: frames, into: targets) }
}

/// Sections as an equaliser has them, our way and in C.
func biquads(_ sections: Int) -> Row {
    let coefficients = (0..<sections).map { index in
        BiquadCoefficients(.peak, turns: 0.002 * Double(1 << min(index, 6)), inverseQ: 1, decibels: 1)
    }
    let flat = coefficients.flatMap { [$0.b0, $0.b1, $0.b2, $0.a1, $0.a2] }
    nonisolated(unsafe) let state = UnsafeMutablePointer<Double>.allocate(capacity: 4 * sections)
    state.initialize(repeating: 0, count: 4 * sections)
    nonisolated(unsafe) let memory = UnsafeMutablePointer<BiquadPair>.allocate(capacity: sections)
    memory.initialize(repeating: BiquadPair(), count: sections)
    let scratch = UnsafeMutablePointer<SIMD2<Double>>.allocate(capacity: frames)
    return Row(
        name: "\(sections) biquad section\(sections == 1 ? "" : "s"), double",
        own: {
            for k in 0..<frames { scratch[k] = SIMD2(Double(left[k]), Double(right[k])) }
            processCascade(memory, coefficients, scratch, count: frames)
            for k in 0..<frames {
                outLeft[k] = Float(scratch[k].x)
                outRight[k] = Float(scratch[k].y)
            }
        },
        plain: {
            plain_copy(left, outLeft, 2 * frames)
            plain_biquads(outLeft, outRight, flat, state, sections, frames)
        })
}

func processCascade(
    _ memory: UnsafeMutablePointer<BiquadPair>, _ coefficients: [BiquadCoefficients],
    _ scratch: UnsafeMutablePointer<SIMD2<Double>>, count: Int
) {
    for (index, section) in coefficients.enumerated() { memory[index].process(scratch, count: count, section) }
}

let rows: [Row] = [
    Row(
        name: "copy",
        own: {
            for channel in 0..<2 { copy(UnsafeBufferPointer(part(planes, channel)), into: part(target, channel)) }
        }, plain: { plain_copy(left, outLeft, 2 * frames) }),
    Row(
        name: "gain, in place",
        own: {
            isLoud.toggle()
            let glide = LinearGlide(at: isLoud ? 1.25 : 0.8)
            for channel in 0..<2 {
                multiply(UnsafeBufferPointer(part(other, channel)), by: glide, into: part(other, channel))
            }
        },
        plain: {
            isLoud.toggle()
            for channel in 0..<2 { plain_gain(part(other, channel).baseAddress, isLoud ? 1.25 : 0.8, frames) }
        }),
    Row(
        name: "gain, gliding",
        own: {
            var glide = LinearGlide(at: 0.5)
            glide.aim(at: 1, over: 2 * frames)
            for channel in 0..<2 {
                multiply(UnsafeBufferPointer(part(planes, channel)), by: glide, into: part(target, channel))
            }
        }, plain: { for _ in 0..<2 { plain_mix(left, 0.5, right, 0.5, outLeft, frames) } }),
    Row(
        name: "mix of two, matrix of 2 × 2",
        own: {
            for channel in 0..<2 {
                mix(
                    UnsafeBufferPointer(part(planes, 0)), times: 0.7, UnsafeBufferPointer(part(planes, 1)), times: 0.3,
                    into: part(target, channel))
            }
        },
        plain: {
            for channel in 0..<2 { plain_mix(left, 0.7, right, 0.3, part(target, channel).baseAddress, frames) }
        }),
    Row(
        name: "s16 to planes", own: decode(.s16),
        plain: { plain_read_s16(bytes.assumingMemoryBound(to: Int16.self), outLeft, outRight, frames) }),
    Row(
        name: "s24 to planes", own: decode(.s24),
        plain: { plain_read_s24(bytes.assumingMemoryBound(to: UInt8.self), outLeft, outRight, frames) }),
    Row(
        name: "f32 to planes", own: decode(.f32),
        plain: { plain_read_f32(bytes.assumingMemoryBound(to: Float.self), outLeft, outRight, frames) }),
    Row(
        name: "planes to s16, clips and NaN counted", own: encode(.s16),
        plain: { plain_write_s16(left, right, bytes.assumingMemoryBound(to: Int16.self), frames) }),
    Row(
        name: "planes to s16, dithered", own: encode(.s16, dithered: true),
        plain: { plain_write_s16_dithered(left, right, bytes.assumingMemoryBound(to: Int16.self), frames, &seed) }),
    Row(
        name: "planes to s24", own: encode(.s24),
        plain: { plain_write_s24(left, right, bytes.assumingMemoryBound(to: UInt8.self), frames) }),
    Row(
        name: "planes to f32, peak and NaN counted", own: encode(.f32),
        plain: { plain_write_f32(left, right, bytes.assumingMemoryBound(to: Float.self), frames) }),
    biquads(1), biquads(8),
]

let rounds =
    CommandLine.arguments.firstIndex(of: "--rounds").flatMap { index in
        index + 1 < CommandLine.arguments.count ? Int(CommandLine.arguments[index + 1]) : nil
    } ?? 51
print("ns per frame of stereo, blocks of \(frames); medians of \(rounds) rounds")
print()
print("| kernel | ours | plain C for this machine | ratio |")
print("|---|---:|---:|---:|")
for row in rows {
    var (own, plain): ([Double], [Double]) = ([], [])
    for round in -2..<rounds {
        let (ours, theirs) = (nanoseconds(row.own), nanoseconds(row.plain))
        if round < 0 { continue }
        own.append(ours)
        plain.append(theirs)
    }
    func decimal(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
    print(
        "| \(row.name) | \(decimal(median(own))) | \(decimal(median(plain))) | \(decimal(median(zip(own, plain).map { $0 / $1 }))) |"
    )
}
