import Glibc
import SyrinxClocks
import SyrinxTestKit

/// True: the long figures too, 30 minutes of simulated time.
let isLong = getenv("SYRINX_LONG") != nil

/// False in a debug build, where vectors are emulated and a frame takes 15 µs instead of 0.2: the long simulations are
/// left to the release build.
let isOptimised = !_isDebugAssertConfiguration()

extension SimulatedDevice {
    /// What was heard between two instants, as the worst of its windows; ends of a window at the edges are left out.
    struct Verdict {
        var noiseDecibels = -Double.infinity
        var leastAmplitude = Double.infinity
        /// Of the delay's distance from what was stated.
        var leastDelayError = Double.infinity
        var mostDelayError = -Double.infinity
        /// Of the delay from one window to the next, in frames of 48 kHz: a gap or a repeat of one frame makes 1.
        var delayStepFrames = 0.0
        var windows = 0
    }

    func verdict(from begin: Double, to end: Double = .infinity) -> Verdict {
        var verdict = Verdict()
        var previous: Double?
        for window in listener.windows where window.time >= begin && window.time < end {
            verdict.windows += 1
            verdict.noiseDecibels = max(verdict.noiseDecibels, window.noiseDecibels)
            verdict.leastAmplitude = min(verdict.leastAmplitude, window.amplitude)
            verdict.leastDelayError = min(verdict.leastDelayError, window.delayErrorMilliseconds)
            verdict.mostDelayError = max(verdict.mostDelayError, window.delayErrorMilliseconds)
            if let previous {
                let step = abs(window.fineErrorMilliseconds - previous)
                verdict.delayStepFrames = max(verdict.delayStepFrames, min(step, abs(1 - step)) * 48)
            }
            previous = window.fineErrorMilliseconds
        }
        return verdict
    }

    /// When the bridge said first, from an instant on, that it is locked.
    func lockTime(from begin: Double = 0) -> Double? {
        history.first { $0.time >= begin && $0.status.isLocked }?.time
    }
}
