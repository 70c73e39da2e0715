internal import CALSA
internal import Glibc
internal import SyrinxCore

extension PCMSampleFormat {
    /// alsa-lib's name of it in this machine's byte order.
    var alsa: snd_pcm_format_t {
        switch self {
        case .f32: SND_PCM_FORMAT_FLOAT
        case .s32: SND_PCM_FORMAT_S32
        case .s24: SND_PCM_FORMAT_S24
        case .packed24: 1.littleEndian == 1 ? SND_PCM_FORMAT_S24_3LE : SND_PCM_FORMAT_S24_3BE
        case .s16: SND_PCM_FORMAT_S16
        }
    }
}

/// The configurations that a device still allows; alsa-lib's `hw_params`.
struct PCMSpace: ~Copyable {
    let device: OpaquePointer
    let pointer: OpaquePointer

    /// Everything that the device can do.
    ///
    /// - Returns: nil if it can do nothing at all.
    init?(of device: OpaquePointer, allowsConversion: Bool) {
        var pointer: OpaquePointer?
        guard snd_pcm_hw_params_malloc(&pointer) == 0, let pointer else { return nil }
        guard snd_pcm_hw_params_any(device, pointer) >= 0 else {
            snd_pcm_hw_params_free(pointer)
            return nil
        }
        self.device = device
        self.pointer = pointer
        snd_pcm_hw_params_set_rate_resample(device, pointer, allowsConversion ? 1 : 0)
    }

    deinit { snd_pcm_hw_params_free(pointer) }

    var rates: ClosedRange<Int>? {
        var (low, high): (UInt32, UInt32) = (0, 0)
        guard snd_pcm_hw_params_get_rate_min(pointer, &low, nil) == 0,
            snd_pcm_hw_params_get_rate_max(pointer, &high, nil) == 0, low <= high
        else { return nil }
        return Int(low)...Int(high)
    }

    var channels: ClosedRange<Int>? {
        var (low, high): (UInt32, UInt32) = (0, 0)
        guard snd_pcm_hw_params_get_channels_min(pointer, &low) == 0,
            snd_pcm_hw_params_get_channels_max(pointer, &high) == 0, low <= high
        else { return nil }
        return Int(low)...Int(high)
    }

    /// The formats that Syrinx knows as well, the best first.
    var formats: [PCMSampleFormat] {
        PCMSampleFormat.allCases.filter { snd_pcm_hw_params_test_format(device, pointer, $0.alsa) == 0 }
    }

    /// The usual rates that are among the possible ones.
    var usualRates: [Int] {
        [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000, 352_800, 384_000]
            .filter { snd_pcm_hw_params_test_rate(device, pointer, UInt32($0), 0) == 0 }
    }

    func allows(channels: Int) -> Bool {
        snd_pcm_hw_params_test_channels(device, pointer, UInt32(clamping: channels)) == 0
    }
}

extension ALSADevice {
    func rates(allowsConversion: Bool) -> ClosedRange<Int>? {
        guard let handle else { return nil }
        return ALSALibrary.call { PCMSpace(of: handle, allowsConversion: allowsConversion)?.rates }.result
    }

    func configure(_ wish: PCMWish) throws(PipelineError) -> PCMAgreement {
        guard let handle else { throw ALSALibrary.error("\(Shown.quoted(name)) is closed", -ENODEV) }
        // What an earlier try agreed on.
        _ = ALSALibrary.call { snd_pcm_hw_free(handle) }
        let (result, words) = ALSALibrary.call { agree(wish, handle) }
        switch result {
        case .success(let agreement): return agreement
        case .failure(let error):
            throw PipelineError(
                error.code, at: error.path, error.message, cause: [error.cause, words].compactMap { $0 }.first)
        }
    }

    private func agree(_ wish: PCMWish, _ handle: OpaquePointer) -> Result<PCMAgreement, PipelineError> {
        guard let space = PCMSpace(of: handle, allowsConversion: wish.allowsConversion) else {
            return .failure(ALSALibrary.error("\(Shown.quoted(name)) allows no configuration at all", -EINVAL))
        }
        func refuse(_ what: String, offer: String) -> Result<PCMAgreement, PipelineError> {
            .failure(
                PipelineError(
                    .unavailable, at: "alsa", "\(Shown.quoted(name)) does not \(direction.verb) \(what); \(offer)"))
        }
        guard let access = access(space) else {
            return refuse("interleaved frames", offer: "name it plug:\(name), which puts them in order")
        }
        let formats = space.formats
        guard let format = wish.format.map({ formats.contains($0) ? $0 : nil }) ?? formats.first,
            snd_pcm_hw_params_set_format(handle, space.pointer, format.alsa) == 0
        else {
            let known = formats.map(\.rawValue).joined(separator: ", ")
            return refuse(
                wish.format?.rawValue ?? "a format that is known here",
                offer: known.isEmpty ? "name it plug:\(name), which converts" : "it offers \(known)")
        }
        guard let channels = channels(wish.channels, space),
            snd_pcm_hw_params_set_channels(handle, space.pointer, UInt32(channels)) == 0
        else {
            let offer = space.channels.map { "it offers \($0.shown)" } ?? "it offers none"
            return refuse("\(wish.channels ?? 2) channels", offer: offer)
        }
        guard snd_pcm_hw_params_set_rate(handle, space.pointer, UInt32(clamping: wish.rate), 0) == 0 else {
            let usual = space.usualRates.map(String.init).joined(separator: ", ")
            let offer = usual.isEmpty ? space.rates.map(\.shown) ?? "none" : usual
            return refuse("\(wish.rate) Hz", offer: "it offers \(offer) Hz")
        }
        var period = snd_pcm_uframes_t(wish.periodFrames)
        var side: Int32 = 0
        snd_pcm_hw_params_set_period_size_near(handle, space.pointer, &period, &side)
        var buffer = period * snd_pcm_uframes_t(wish.periods)
        snd_pcm_hw_params_set_buffer_size_near(handle, space.pointer, &buffer)
        let status = snd_pcm_hw_params(handle, space.pointer)
        guard status == 0 else {
            return .failure(ALSALibrary.error("\(Shown.quoted(name)) refuses what it offered", status))
        }
        snd_pcm_hw_params_get_period_size(space.pointer, &period, &side)
        snd_pcm_hw_params_get_buffer_size(space.pointer, &buffer)
        usesMemoryMap = access == SND_PCM_ACCESS_MMAP_INTERLEAVED
        return .success(
            PCMAgreement(
                name: name, rate: wish.rate, format: format, channels: channels, periodFrames: Int(period),
                bufferFrames: Int(buffer), access: usesMemoryMap ? "mmap" : "rw"))
    }

    private func access(_ space: borrowing PCMSpace) -> snd_pcm_access_t? {
        for access in [SND_PCM_ACCESS_RW_INTERLEAVED, SND_PCM_ACCESS_MMAP_INTERLEAVED]
        where snd_pcm_hw_params_set_access(space.device, space.pointer, access) == 0 {
            return access
        }
        return nil
    }

    /// The least count that is enough; for a free wish two, or the nearest.
    private func channels(_ wish: Int?, _ space: borrowing PCMSpace) -> Int? {
        guard let offered = space.channels else { return nil }
        if let wish {
            let (least, most) = (max(wish, offered.lowerBound), min(offered.upperBound, Limits.channels.upperBound))
            return least <= most ? (least...most).first { space.allows(channels: $0) } : nil
        }
        let nearest = min(max(2, offered.lowerBound), offered.upperBound)
        return space.allows(channels: nearest) ? nearest : offered.lowerBound
    }
}

extension PCMDirection {
    fileprivate var verb: String { self == .capture ? "capture" : "play" }
}

extension ClosedRange<Int> {
    /// `48000`, or `8000…192000`.
    var shown: String { lowerBound == upperBound ? "\(lowerBound)" : "\(lowerBound)…\(upperBound)" }
}
