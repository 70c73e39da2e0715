internal import SyrinxCore

/// What one stream asks of a device: one direction or both, on one clock.
struct DeviceRequest: Sendable {
    /// One direction.
    struct Side: Sendable, Hashable {
        /// nil: two, or the nearest.
        var channels: Int?
        /// nil: the best that the device has.
        var format: PCMSampleFormat?
    }

    /// Names to try, in this order.
    var names: [String]
    var capture: Side?
    var playback: Side?
    /// nil: 48 kHz, 44.1 kHz, or the nearest.
    var rate: Int?
    var periodFrames: Int
    var periods: Int

    /// The side of a direction.
    subscript(direction: PCMDirection) -> Side? { direction == .capture ? capture : playback }
}

/// Devices of one clock, agreed on everything.
struct OpenedDevice: Sendable {
    let name: String
    let rate: Int
    /// How many frames are moved at a time.
    let cycleFrames: Int
    let capture: (device: any PCMDevice, agreement: PCMAgreement)?
    let playback: (device: any PCMDevice, agreement: PCMAgreement)?
    /// Both directions start and stop together.
    let isLinked: Bool

    /// Frames that are in the playback buffer when it starts: whole cycles.
    var prefillFrames: Int {
        guard let playback else { return 0 }
        return playback.agreement.bufferFrames / cycleFrames * cycleFrames
    }

    /// The same in frames at another rate.
    func prefill(at rate: Int) -> Int { prefillFrames * rate / self.rate }

    /// The larger of the buffers.
    var bufferFrames: Int { max(capture?.agreement.bufferFrames ?? 0, playback?.agreement.bufferFrames ?? 0) }

    subscript(direction: PCMDirection) -> (device: any PCMDevice, agreement: PCMAgreement)? {
        direction == .capture ? capture : playback
    }

    func close() {
        capture?.device.close()
        playback?.device.close()
    }

    /// Opens the first of the names that can do what is asked.
    ///
    /// - Parameter preferred: a rate to try first where any will do: the one before the device went away.
    /// - Throws: `.unavailable`: why, for each name.
    static func open(
        _ request: DeviceRequest, _ system: any PCMSystem, preferring preferred: Int? = nil
    ) throws(PipelineError) -> OpenedDevice {
        var errors: [PipelineError] = []
        for name in request.names {
            do throws(PipelineError) {
                return try open(name, request, system, preferring: preferred)
            } catch {
                errors.append(error)
            }
        }
        if errors.count == 1 { throw errors[0] }
        throw PipelineError(
            .unavailable, at: "alsa",
            "none of \(request.names.count) devices will do: " + errors.map(\.message).joined(separator: "; "),
            cause: errors.first?.cause)
    }

    private static func open(
        _ name: String, _ request: DeviceRequest, _ system: any PCMSystem, preferring preferred: Int?
    ) throws(PipelineError) -> OpenedDevice {
        var devices: [any PCMDevice] = []
        do throws(PipelineError) {
            for direction in [PCMDirection.playback, .capture] where request[direction] != nil {
                devices.append(try system.open(name, direction))
            }
            return try agree(name, devices, request, preferring: preferred)
        } catch {
            for device in devices { device.close() }
            throw error
        }
    }

    private static func agree(
        _ name: String, _ devices: [any PCMDevice], _ request: DeviceRequest, preferring preferred: Int?
    ) throws(PipelineError) -> OpenedDevice {
        var reason: PipelineError?
        // What the device itself can do goes before what a converter in alsa-lib could.
        for allowsConversion in [false, true] {
            for rate in rates(devices, request, allowsConversion: allowsConversion, preferring: preferred) {
                do throws(PipelineError) {
                    return try agree(name, devices, request, rate: rate, allowsConversion: allowsConversion)
                } catch {
                    reason = reason ?? error
                }
            }
        }
        throw reason ?? PipelineError(.unavailable, at: "alsa", "\(Shown.quoted(name)) offers no rate")
    }

    /// The rates to try.
    private static func rates(
        _ devices: [any PCMDevice], _ request: DeviceRequest, allowsConversion: Bool, preferring preferred: Int?
    ) -> [Int] {
        if let rate = request.rate { return [rate] }
        var rates = [48_000, 44_100]
        if let preferred { rates.insert(preferred, at: 0) }
        let ranges = devices.compactMap { $0.rates(allowsConversion: allowsConversion) }
        if let low = ranges.map(\.lowerBound).max(), let high = ranges.map(\.upperBound).min(), low <= high {
            rates.append(min(max(48_000, low), high))
        }
        return rates
    }

    private static func agree(
        _ name: String, _ devices: [any PCMDevice], _ request: DeviceRequest, rate: Int, allowsConversion: Bool
    ) throws(PipelineError) -> OpenedDevice {
        var capture: (device: any PCMDevice, agreement: PCMAgreement)?
        var playback: (device: any PCMDevice, agreement: PCMAgreement)?
        for device in devices {
            guard let side = request[device.direction] else { continue }
            let agreement = try device.configure(
                PCMWish(
                    rate: rate, allowsConversion: allowsConversion, channels: side.channels, format: side.format,
                    periodFrames: request.periodFrames, periods: request.periods))
            if device.direction == .capture { capture = (device, agreement) } else { playback = (device, agreement) }
        }
        let agreements = [capture?.agreement, playback?.agreement].compactMap { $0 }
        // Two cycles at least fit into every buffer, or there would be no time to render one.
        let cycle = max(
            1,
            min(
                agreements.map(\.periodFrames).max() ?? request.periodFrames,
                (agreements.map(\.bufferFrames).min() ?? .max) / 2))
        for device in devices { try device.prepare(cycleFrames: cycle) }
        let isLinked = capture.flatMap { capture in playback.map { capture.device.link(to: $0.device) } } ?? false
        return OpenedDevice(
            name: name, rate: rate, cycleFrames: cycle, capture: capture, playback: playback, isLinked: isLinked)
    }
}
