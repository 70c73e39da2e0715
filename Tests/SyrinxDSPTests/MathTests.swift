import Glibc
import SyrinxDSP
import SyrinxTestKit
import Testing

@Suite("Elementary functions without libm")
struct MathTests {
    @Test("sin, cos and tan of turns stay within their stated errors")
    func trigonometry() {
        var (sine, cosine, tangent) = (0.0, 0.0, 0.0)
        for k in -40_000...40_000 {
            let turns = Double(k) / 40_000
            sine = max(sine, abs(SyrinxDSP.sin(turns: turns) - Glibc.sin(2 * .pi * turns)))
            cosine = max(cosine, abs(SyrinxDSP.cos(turns: turns) - Glibc.cos(2 * .pi * turns)))
            if abs(turns) <= 0.2499 {
                let exact = Glibc.tan(2 * .pi * turns)
                tangent = max(tangent, turns == 0 ? 0 : abs(SyrinxDSP.tan(turns: turns) / exact - 1))
            }
        }
        // Glibc's argument 2π·turns is rounded itself, by up to 4.4e-16 at one turn.
        #expect(sine < 8e-16)
        #expect(cosine < 8e-16)
        #expect(tangent < 5e-13)
        #expect(SyrinxDSP.sin(turns: 0.25) == 1)
        #expect(SyrinxDSP.sin(turns: 1e6 + 0.25) == 1)
        #expect(SyrinxDSP.cos(turns: 0) == 1)
    }

    @Test("log2 stays within its stated error over the whole range")
    func logarithm() {
        var random = SeededRandom(seed: 5)
        var worst = 0.0
        for _ in 0..<100_000 {
            let exponent = Double.random(in: -1020...1020, using: &random)
            let x = Double.random(in: 1...2, using: &random) * Glibc.exp2(exponent)
            let exact = Glibc.log2(x)
            worst = max(worst, abs(SyrinxDSP.log2(x) - exact) - 2.3e-16 * abs(exact))
        }
        #expect(worst <= 4e-16)
        for k in -1022...1023 { #expect(SyrinxDSP.log2(Glibc.exp2(Double(k))) == Double(k)) }
        #expect(SyrinxDSP.log2(0) == -.infinity)
        #expect(SyrinxDSP.log2(-1).isNaN)
        #expect(SyrinxDSP.log2(.nan).isNaN)
        #expect(SyrinxDSP.log2(.infinity) == .infinity)
    }

    @Test("exp2 stays within its stated error, and decibels go there and back")
    func exponential() {
        let worst = (-100_000...100_000).reduce(0.0) { worst, k in
            let x = Double(k) * 0.01
            return max(worst, abs(SyrinxDSP.exp2(x) / Glibc.exp2(x) - 1))
        }
        #expect(worst < 1e-14)
        #expect(decibelsToLinear(0) == 1)
        #expect(abs(decibelsToLinear(20) - 10) < 1e-6)
        #expect(abs(linearToDecibels(0.5) - 20 * log10(0.5)) < 1e-13)
        #expect(abs(powerToDecibels(2) - 10 * log10(2)) < 1e-13)
        #expect(linearToDecibels(0) == -.infinity)
        #expect(linearToDecibels(-1) == 0)
    }
}
