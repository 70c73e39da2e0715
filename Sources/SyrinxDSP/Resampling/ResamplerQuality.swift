internal import CResampleKernels

/// How steep and how deep a resampler's filter is.
///
/// The stop-band begins at half of the lower rate, so that nothing folds back or is mirrored; the pass-band ends where the
/// filter's length lets it. Each filter is the least-maximum fit of its length to a ripple in the pass-band, which hardly
/// matters below 0.01 dB, and to a far smaller one in the stop-band: a window's transform has the same ripple in both, and takes
/// a third more coefficients. `Benchmarks/resample/design.py` is the fit.
package enum ResamplerQuality: Int32, Sendable, Hashable, CaseIterable {
    case fast = 0
    case medium = 1
    case high = 2
    case best = 3

    /// Samples of the lower rate that an output is made of: even.
    package var taps: Int { Int(syrinx_filter_taps(rawValue)) }

    /// The most that the stop-band lets through, dB.
    package var attenuation: Double {
        switch self {
        case .fast: 106
        case .medium: 118
        case .high: 125
        case .best: 155
        }
    }

    /// Are the middle coefficients summed in double precision? In single precision roundings leave noise 140 dB below a sine.
    var isPrecise: Bool { self == .best }

    /// The filter at some times, in samples of the lower rate after the instant of 0 Hz; its sum over all times is 1.
    ///
    /// - Thread: control. Calls libm.
    package func filter(at times: [Double], phase: ResamplerPhase = .linear) -> [Double] {
        var values = times
        syrinx_filter(rawValue, phase == .minimum ? 1 : 0, &values, values.count)
        return values
    }

    /// How long the minimum-phase filter's answer to 0 Hz takes, in samples of the lower rate: it begins so long before time 0.
    var minimumDelay: Double { syrinx_filter_delay(rawValue) }
}

/// What a filter does to the phases of what it lets pass.
package enum ResamplerPhase: Sendable, Hashable {
    /// All frequencies are late by the same time, half the filter's length.
    case linear
    /// The same gain with the least delay there can be: nothing rings before an impulse, and more after it.
    case minimum
}
