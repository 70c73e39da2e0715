// What convolve costs, cycle by cycle, and how far it is from direct convolution: see ../README.md.
import ConvolvePlugin
import Glibc

let rate = 48_000
let frames = CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 64 : 64
let seconds = CommandLine.arguments.count > 2 ? Double(CommandLine.arguments[2]) ?? 60 : 60
let isTrueStereo = CommandLine.arguments.contains("true-stereo")
let sizes =
    CommandLine.arguments.first { $0.contains(",") }?.split(separator: ",").compactMap { Int($0) }
    ?? Partitions.usualSizes
let taps = 10 * rate

func noise(_ seed: UInt64, _ count: Int) -> [Float] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return (0..<count).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Float(Int32(truncatingIfNeeded: state >> 32)) / 2_147_483_648
    }
}

func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

func ownTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

let routes: [Convolver.Route] =
    isTrueStereo
    ? [.init(from: 0, to: 0), .init(from: 0, to: 1), .init(from: 1, to: 0), .init(from: 1, to: 1)]
    : [.init(from: 0, to: 0), .init(from: 1, to: 1)]
let responses = routes.indices.map { index in
    noise(UInt64(index + 1), taps).enumerated().map { $1 * exp(-6.9 * Float($0) / Float(taps)) * 0.01 }
}
var convolver = Convolver(
    inputs: 2, outputs: 2, routes: routes, responses: [responses], fadeFrames: 960, sizes: sizes)
let cycles = Int(seconds * Double(rate)) / frames
/// The first 12 seconds fill the response, and are left out.
let filling = min(cycles / 2, 12 * rate / frames)
let total = cycles * frames
let input = UnsafeMutablePointer<Float>.allocate(capacity: 2 * total)
let output = UnsafeMutablePointer<Float>.allocate(capacity: 2 * total)
for (k, sample) in noise(77, 2 * total).enumerated() { (input + k).initialize(to: sample) }
output.initialize(repeating: 0, count: 2 * total)

/// Arithmetic that looks at no memory: it takes as long every time, but for what else the machine does.
@inline(never)
func spin(_ turns: Int) -> Double {
    var value = 1.0
    for _ in 0..<turns { value = value * 0.999_999 + 1e-9 }
    return value
}

/// Times of cycles, by the wall's clock and the thread's own, and of as much arithmetic after each of them by the wall's.
var walls: [Double] = []
var own: [Double] = []
var control: [Double] = []
walls.reserveCapacity(cycles)
own.reserveCapacity(cycles)
control.reserveCapacity(cycles)
/// Turns that last as long as a cycle, as far as some cycles have shown.
var turns = 1_000
let some = max(1, filling / 4)
var spun = 0.0

for index in 0..<cycles {
    let (before, ownBefore) = (now(), ownTime())
    let start = index * frames
    var done = 0
    while done < frames {
        let count = convolver.framesToTake(of: frames - done)
        for channel in 0..<2 { convolver.take(input + channel * total + start + done, count, input: channel) }
        for channel in 0..<2 { convolver.render(output + channel * total + start + done, count, output: channel) }
        convolver.advance(count)
        done += count
    }
    let ownAfter = ownTime()
    walls.append(now() - before)
    own.append(ownAfter - ownBefore)
    let spinning = now()
    spun += spin(turns)
    control.append(now() - spinning)
    // Only as long as nothing counts: it takes the cycles' memory out of the cache.
    if index < filling, (index + 1) % some == 0 {
        let (cycle, loop) = (walls.suffix(some).sorted()[some / 2], control.suffix(some).sorted()[some / 2])
        turns = max(1, Int(Double(turns) * cycle / loop))
    }
}
precondition(spun > 0)  // so that nobody leaves the arithmetic out

let period = Double(frames) / Double(rate)
func tell(_ name: String, _ times: [Double], skips: Bool = true) {
    let sorted = times.dropFirst(skips ? filling : 0).sorted()
    func share(_ part: Double) -> String {
        let value = 100 * sorted[min(sorted.count - 1, Int(part * Double(sorted.count)))] / period
        return String(Int(value * 1_000)).leftPadded(6)
    }
    let mean = 100 * sorted.reduce(0, +) / Double(sorted.count) / period
    print(
        "\(name), thousandths of a percent of the period: mean \(Int(mean * 1_000)) p50 \(share(0.5)) p99 \(share(0.99)) "
            + "p99.9 \(share(0.999)) p99.99 \(share(0.9999)) max \(share(1))")
}

extension String {
    func leftPadded(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}

print("convolve, \(frames) frames, \(isTrueStereo ? "true stereo" : "stereo") response of 10 s, partitions of \(sizes)")
tell("wall", walls)
tell("own CPU", own)
tell("control, a loop of arithmetic as long, wall", control)

// What else runs here disturbs single cycles, and never the same ones: the least of all cycles that do the same work, those
// that lie a longest partition apart, tells what the work itself costs.
let phases = max(1, (sizes.last ?? 1) / frames)
var least = [Double](repeating: .infinity, count: phases)
for index in filling..<cycles {
    least[index % phases] = min(least[index % phases], own[index])
}
tell("own CPU, least of each kind of cycle", least.filter(\.isFinite), skips: false)

// Against direct convolution in double precision, at some instants of the last seconds.
var (error, energy) = (0.0, 0.0)
for index in 0..<400 {
    let at = total - 1 - index * 37
    for channel in 0..<2 {
        var sum = 0.0
        for (route, taps) in zip(routes, responses) where route.output == channel {
            let line = input + route.input * total
            for k in 0..<min(taps.count, at + 1) { sum += Double(taps[k]) * Double(line[at - k]) }
        }
        let found = Double(output[channel * total + at])
        error += (found - sum) * (found - sum)
        energy += sum * sum
    }
}
print("difference to direct convolution: \((100 * log10(error / energy)).rounded() / 10) dB")
