import SyrinxDSP
import SyrinxTestKit
import Testing

@Suite("Kernels")
struct KernelTests {
    @Test("peak finds the largest magnitude wherever it lies, and passes over NaN", arguments: [1, 15, 16, 17, 100])
    func peaks(count: Int) {
        for place in 0..<count {
            var samples = TestSignal.noise(frames: count, amplitude: 0.5)
            samples[place] = place % 2 == 0 ? 0.75 : -0.75
            #expect(samples.withUnsafeBufferPointer { peak($0) } == 0.75)
        }
        var poisoned = TestSignal.constant(0.25, frames: 40)
        poisoned[3] = .nan
        poisoned[39] = .nan
        #expect(poisoned.withUnsafeBufferPointer { peak($0) } == 0.25)
        #expect([Float]().withUnsafeBufferPointer { peak($0) } == 0)
    }

    @Test("sums of squares are right, and the exact one does not mind cuts", arguments: [0, 1, 16, 47, 5_000])
    func squares(count: Int) {
        let samples = TestSignal.noise(frames: count)
        let exact = samples.reduce(0.0) { $0 + Double($1) * Double($1) }
        let quick = samples.withUnsafeBufferPointer { sumOfSquares($0) }
        #expect(abs(Double(quick) - exact) <= exact * Double(count) / 16 * 6e-8 + 1e-9)
        let cut = samples.withUnsafeBufferPointer { all -> Double in
            let middle = count / 3
            let first = addingSquares(UnsafeBufferPointer(rebasing: all[..<middle]), to: 0)
            return addingSquares(UnsafeBufferPointer(rebasing: all[middle...]), to: first)
        }
        #expect(cut == exact)
    }

    @Test("a glide ends exactly on its target, in a straight line, and turns from where it stands")
    func glide() {
        var glide = LinearGlide(at: 1)
        glide.aim(at: 0, over: 100)
        #expect(glide.value(at: 50) == 0.5)
        glide.advance(by: 50)
        glide.aim(at: 1, over: 100)
        #expect(glide.value() == 0.5 && !glide.isSteady)
        glide.advance(by: 100)
        #expect(glide.value() == 1 && glide.isSteady && glide.remaining == 0)
    }

    @Test("copy, add, multiply and mix do what they say, in place where they may", arguments: [37, 203])
    func arithmetic(frames: Int) {
        let (a, b) = (TestSignal.noise(seed: 1, frames: frames), TestSignal.noise(seed: 2, frames: frames))
        func result(_ body: (UnsafeMutableBufferPointer<Float>) -> Void) -> [Float] {
            var out = b
            out.withUnsafeMutableBufferPointer { body($0) }
            return out
        }
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                #expect(result { copy(a, into: $0) } == Array(a))
                #expect(result { copy(UnsafeBufferPointer($0), into: $0) } == Array(b))
                #expect(result { add(a, to: $0) } == zip(a, b).map { $1 + $0 })
                #expect(result { add(a, times: 0.3, to: $0) } == zip(a, b).map { $1 + $0 * 0.3 })
                #expect(result { multiply(a, times: 0.3, into: $0) } == a.map { $0 * 0.3 })
                #expect(result { mix(a, times: 2, b, times: -1, into: $0) } == zip(a, b).map { $0 * 2 + $1 * -1 })
                #expect(result { multiply(a, by: LinearGlide(at: 0.5), into: $0) } == a.map { $0 * 0.5 })
                #expect(
                    result { multiply(UnsafeBufferPointer($0), by: LinearGlide(at: 0.5), into: $0) }
                        == b.map { $0 * 0.5 })
            }
        }
    }

    @Test("a glide's samples are the same however many are computed at once", arguments: [37, 203])
    func gliding(frames: Int) {
        let input = TestSignal.noise(frames: frames)
        var glide = LinearGlide(at: 0.9)
        glide.aim(at: -0.3, over: 170)
        glide.advance(by: 3)
        let expected = input.enumerated().map { $1 * glide.value(at: $0) }
        var (apart, inPlace) = (input, input)
        input.withUnsafeBufferPointer { input in
            apart.withUnsafeMutableBufferPointer { multiply(input, by: glide, into: $0) }
        }
        inPlace.withUnsafeMutableBufferPointer { multiply(UnsafeBufferPointer($0), by: glide, into: $0) }
        #expect(apart == expected)
        #expect(inPlace == expected)
    }

    @Test("a phase steps exactly: n steps are one step n times as long")
    func phase() {
        let step = Phase.step(440.1, rate: 44_100)
        var phase = Phase()
        for _ in 0..<10_000 { phase = phase + step }
        #expect(phase.units == step &* 10_000)
        #expect(abs(Double(step) * 0x1p-64 * 44_100 - 440.1) < 1e-10)
        #expect(Phase.step(1e9, rate: 48_000) == 1 << 63)
    }

    @Test("noise by position is the same in any order, and its streams differ")
    func noise() {
        let noise = CounterNoise(seed: 3, stream: 1)
        let forward = (0..<100).map { noise.uniform(at: $0) }
        #expect((0..<100).reversed().map { noise.uniform(at: $0) } == forward.reversed())
        #expect((0..<100).map { CounterNoise(seed: 3, stream: 2).uniform(at: $0) } != forward)
        #expect((0..<100).map { CounterNoise(seed: 4, stream: 1).uniform(at: $0) } != forward)
    }
}
