internal import CALSA
internal import Glibc
internal import SyrinxCore

/// Opens devices of alsa-lib.
struct ALSASystem: PCMSystem {
    func open(_ name: String, _ direction: PCMDirection) throws(PipelineError) -> any PCMDevice {
        try ALSADevice(name, direction)
    }
}

/// One of alsa-lib's PCM handles, never blocking. Closes it.
// SAFETY: one thread at a time uses it, as the protocol says.
final class ALSADevice: PCMDevice, @unchecked Sendable {
    let name: String
    let direction: PCMDirection
    /// Used by this type's extensions only; nil once closed.
    private(set) var handle: OpaquePointer?
    var usesMemoryMap = false
    /// What is needed to go back to a silent, ready buffer.
    private var cycleFrames = 0

    init(_ name: String, _ direction: PCMDirection) throws(PipelineError) {
        self.name = name
        self.direction = direction
        let stream = direction == .capture ? SND_PCM_STREAM_CAPTURE : SND_PCM_STREAM_PLAYBACK
        var handle: OpaquePointer?
        let (status, words) = ALSALibrary.call { snd_pcm_open(&handle, name, stream, Int32(SND_PCM_NONBLOCK)) }
        guard status == 0, let handle else {
            throw ALSALibrary.error("cannot open \(Shown.quoted(name)) for \(direction)", status, words: words)
        }
        self.handle = handle
    }

    deinit { close() }

    func close() {
        guard let handle else { return }
        self.handle = nil
        _ = ALSALibrary.call { snd_pcm_close(handle) }
    }

    func prepare(cycleFrames: Int) throws(PipelineError) {
        self.cycleFrames = cycleFrames
        guard let handle else { throw ALSALibrary.error("\(Shown.quoted(name)) is closed", -ENODEV) }
        let (status, words) = ALSALibrary.call { () -> Int32 in
            var parameters: OpaquePointer?
            var status = snd_pcm_sw_params_malloc(&parameters)
            defer { snd_pcm_sw_params_free(parameters) }
            if status < 0 { return status }
            status = snd_pcm_sw_params_current(handle, parameters)
            if status < 0 { return status }
            status = snd_pcm_sw_params_set_avail_min(handle, parameters, snd_pcm_uframes_t(cycleFrames))
            if status < 0 { return status }
            // Never by itself: both directions are filled first, then started.
            var boundary: snd_pcm_uframes_t = 0
            snd_pcm_sw_params_get_boundary(parameters, &boundary)
            status = snd_pcm_sw_params_set_start_threshold(handle, parameters, boundary)
            if status < 0 { return status }
            status = snd_pcm_sw_params(handle, parameters)
            return status < 0 ? status : snd_pcm_prepare(handle)
        }
        if status < 0 { throw ALSALibrary.error("cannot make \(Shown.quoted(name)) ready", status, words: words) }
    }

    func link(to other: any PCMDevice) -> Bool {
        guard let handle, let other = (other as? ALSADevice)?.handle else { return false }
        return ALSALibrary.call { snd_pcm_link(handle, other) }.result == 0
    }

    func start() -> PCMOutcome {
        guard let handle else { return .gone(ENODEV) }
        if snd_pcm_state(handle) == SND_PCM_STATE_RUNNING { return .frames(0) }
        return outcome(Int(ALSALibrary.call { snd_pcm_start(handle) }.result))
    }

    func wait(milliseconds: Int) -> PCMOutcome {
        guard let handle else { return .gone(ENODEV) }
        let status = snd_pcm_wait(handle, Int32(clamping: milliseconds))
        if status < 0 { return outcome(Int(status)) }
        let available = snd_pcm_avail_update(handle)
        if available < 0 { return outcome(available) }
        // Plugins wake now and then for less than was asked for.
        return available >= cycleFrames ? .frames(available) : .again
    }

    func read(_ frames: UnsafeMutableRawPointer, count: Int) -> PCMOutcome {
        guard let handle else { return .gone(ENODEV) }
        let size = snd_pcm_uframes_t(count)
        return outcome(usesMemoryMap ? snd_pcm_mmap_readi(handle, frames, size) : snd_pcm_readi(handle, frames, size))
    }

    func write(_ frames: UnsafeRawPointer, count: Int) -> PCMOutcome {
        guard let handle else { return .gone(ENODEV) }
        let size = snd_pcm_uframes_t(count)
        return outcome(usesMemoryMap ? snd_pcm_mmap_writei(handle, frames, size) : snd_pcm_writei(handle, frames, size))
    }

    func recover(from fault: PCMOutcome) -> PCMOutcome {
        guard let handle else { return .gone(ENODEV) }
        return outcome(
            Int(
                ALSALibrary.call { () -> Int32 in
                    if fault == .suspended {
                        let status = snd_pcm_resume(handle)
                        if status == -EAGAIN { return status }
                    }
                    snd_pcm_drop(handle)
                    return snd_pcm_prepare(handle)
                }.result))
    }

    func drain(milliseconds: Int) {
        guard let handle else { return }
        _ = ALSALibrary.call {
            guard direction == .playback, snd_pcm_state(handle) == SND_PCM_STATE_RUNNING else { return }
            // A handle that does not block says -EAGAIN until the last frame is out.
            var left = milliseconds
            while snd_pcm_drain(handle) == -EAGAIN, left > 0 {
                usleep(5_000)
                left -= 5
            }
            snd_pcm_drop(handle)
        }
    }

    /// A result of alsa-lib: frames, or a negative error number.
    private func outcome(_ result: Int) -> PCMOutcome {
        if result >= 0 { return .frames(result) }
        switch Int32(-result) {
        case EAGAIN, EINTR: return .again
        case EPIPE: return .xrun
        case ESTRPIPE: return .suspended
        // The state is not the one for the call: whoever shares the device has stopped it.
        case EBADFD:
            let isGone = handle.map { snd_pcm_state($0) == SND_PCM_STATE_DISCONNECTED } ?? true
            return isGone ? .gone(ENODEV) : .xrun
        case let code: return .gone(code)
        }
    }
}
