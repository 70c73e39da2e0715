internal import SyrinxDSP

/// How a wanted gain reduction becomes one that moves with attack and release: the smooth decoupled peak detector.
///
/// - Units: reductions in dB; factors as ``smoothingFactor(_:rate:)`` gives them.
/// - Source: D. Giannoulis, M. Massberg, J. D. Reiss, "Digital Dynamic Range Compressor Design", JAES 60 (6), 2012,
///   equation 17: y1[n] = max(x[n], aR·y1[n−1] + (1−aR)·x[n]), y[n] = aA·y[n−1] + (1−aA)·y1[n].
struct Ballistics: BitwiseCopyable {
    private var held = 0.0
    private(set) var value = 0.0

    @_noLocks @_noAllocation
    init() {}

    @_noLocks @_noAllocation
    mutating func next(_ wanted: Double, attack: Double, release: Double) -> Double {
        let falling = wanted + (held - wanted) * release
        held = wanted > falling ? wanted : falling
        value = held + (value - held) * attack
        // Nobody hears a ten-millionth of a dB; without this it would never come to rest.
        if held < 1e-7, value < 1e-7, wanted == 0 {
            held = 0
            value = 0
        }
        return value
    }
}

/// A reduction in dB as a linear gain; exactly 1 for 0 dB. Thread: any.
@_noLocks @_noAllocation
func gain(reduction: Double) -> Float { reduction == 0 ? 1 : Float(exp2(reduction * -0.166_096_404_744_368_13)) }
