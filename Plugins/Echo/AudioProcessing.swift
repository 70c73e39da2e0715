internal import CWebRTCAudio
internal import Synchronization
package import SyrinxCore
internal import SyrinxRealtime

/// WebRTC's audio processing module for one near and one far end: owns the handles.
///
/// A module cannot be cleared without its heap, so a spare stands by for ``reset()``; ``replenish()`` makes the next.
///
/// - Shape: mono, ``frameLength`` samples a call, full scale 1.
/// - Thread: as each member says. `current` belongs to the render thread; `spare` goes from control to render and `used`
///   back, and `used` is empty whenever there is a spare.
package struct AudioProcessing: ~Copyable, Sendable {
    /// What is fixed when a module is made.
    package struct Settings: Sendable {
        /// One of ``AudioProcessing/rates``.
        var rate: Int
        /// How hard what is left of the echo is pressed down: 0…2.
        var echoLevel: Int
        /// −1: no noise suppression; else 0…3.
        var noiseLevel: Int
        /// 0: none, 1: adaptive, 2: fixed.
        var gainMode: Int
        /// dB below full scale.
        var gainTarget: Int
        var gainMost: Int
        var highPass: Bool
        var findsDelay: Bool
        var extendedFilter: Bool

        package init(
            rate: Int, echoLevel: Int = 2, noiseLevel: Int = -1, gainMode: Int = 0, gainTarget: Int = 3,
            gainMost: Int = 9, highPass: Bool = true, findsDelay: Bool = true, extendedFilter: Bool = true
        ) {
            self.rate = rate
            self.echoLevel = echoLevel
            self.noiseLevel = noiseLevel
            self.gainMode = gainMode
            self.gainTarget = gainTarget
            self.gainMost = gainMost
            self.highPass = highPass
            self.findsDelay = findsDelay
            self.extendedFilter = extendedFilter
        }
    }

    /// The rates that the module takes, in Hz, in rising order.
    static let rates = [8_000, 16_000, 32_000, 48_000]

    let settings: Settings
    package let frameLength: Int
    /// Addresses of modules; 0 where there is none.
    private let current: Atomic<UInt>
    private let spare = Atomic<UInt>(0)
    private let used = Atomic<UInt>(0)
    private let making = Mutex(())

    /// Thread: control.
    package init(_ settings: Settings, at place: String) throws(PipelineError) {
        guard let module = Self.make(settings) else {
            throw PipelineError(.internal, at: place, "WebRTC's audio processing module refuses its settings")
        }
        self.settings = settings
        frameLength = settings.rate / 100
        current = Atomic(UInt(bitPattern: module))
        replenish()
    }

    deinit {
        Self.free(current.load(ordering: .acquiring))
        Self.free(spare.load(ordering: .acquiring))
        Self.free(used.load(ordering: .acquiring))
    }

    /// How many samples later than it went in the near end comes out, beyond whole frames: the module's own delay.
    ///
    /// Found by how alike speech comes out of version 0.3, which a test holds it to: the canceller's blocks of 64 under
    /// frames of 10 ms, from 32 kHz on the filters that split and join bands, and 6 ms for noise suppression.
    package static func delay(_ settings: Settings) -> Int {
        let echo =
            switch settings.rate {
            case 8_000, 16_000: 112
            case 32_000: 228
            default: 386
            }
        return echo + (settings.noiseLevel >= 0 ? settings.rate * 6 / 1000 : 0)
    }

    /// Makes sure that there is a spare module. Thread: any but render.
    func replenish() {
        if spare.load(ordering: .acquiring) != 0 { return }
        making.withLock { _ in
            if spare.load(ordering: .acquiring) != 0 { return }
            Self.free(used.exchange(0, ordering: .acquiringAndReleasing))
            guard let module = Self.make(settings) else { return }
            spare.store(UInt(bitPattern: module), ordering: .releasing)
        }
    }

    /// Forgets everything heard so far; goes on with it if `replenish` has not been called since the last time.
    ///
    /// - Thread: render.
    @_noLocks @_noAllocation
    func reset() {
        let fresh = spare.exchange(0, ordering: .acquiringAndReleasing)
        if fresh == 0 { return }
        used.store(current.load(ordering: .relaxed), ordering: .releasing)
        current.store(fresh, ordering: .relaxed)
    }

    /// Takes a frame of each end and writes a clean one; silence if the module fails, or while another is being made.
    ///
    /// Making one writes tables that all modules of the process share, for about half a millisecond; a frame that falls
    /// into it is lost, since render does not wait.
    ///
    /// - Parameter delay: how much later than `far` its echo is expected, ms.
    /// - Returns: false: silence was written.
    /// - Thread: render.
    @_noLocks @_noAllocation @discardableResult
    package func process(
        near: UnsafePointer<Float>, far: UnsafePointer<Float>, clean: UnsafeMutablePointer<Float>, delay: Int32
    ) -> Bool {
        let module = OpaquePointer(bitPattern: current.load(ordering: .relaxed))
        let frames = frameLength
        // The module takes a mutex of its own three times a frame. No other thread ever calls this handle, so that it is
        // never held when it is asked for: no wait, no system call. After the first frame the module allocates nothing.
        var isClean = false
        _unsafePerformance {
            RenderSection.lookAway()
            let code = syrinx_apm_process(module, near, far, clean, delay)
            RenderSection.lookAgain()
            isClean = code == 0
            if !isClean { clean.update(repeating: 0, count: frames) }
        }
        return isClean
    }

    /// A module that has run long enough to have touched all of its memory, and has heard nothing but silence.
    private static func make(_ settings: Settings) -> OpaquePointer? {
        var wanted = syrinx_apm_settings(
            rate_hz: Int32(settings.rate), echo_level: Int32(settings.echoLevel),
            noise_level: Int32(settings.noiseLevel), gain_mode: Int32(settings.gainMode),
            gain_target_db: Int32(settings.gainTarget), gain_most_db: Int32(settings.gainMost),
            high_pass: settings.highPass, delay_agnostic: settings.findsDelay,
            extended_filter: settings.extendedFilter)
        return syrinx_apm_create(&wanted)
    }

    private static func free(_ address: UInt) { syrinx_apm_destroy(OpaquePointer(bitPattern: address)) }
}
