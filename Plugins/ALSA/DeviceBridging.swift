internal import Synchronization
internal import SyrinxClocks
internal import SyrinxCore

/// What a node keeps of a device that is not the driver's, from the first look at it on.
struct DeviceBridging: Sendable {
    private final class Box: Sendable {
        let hold = Mutex<DeviceHold?>(nil)
    }

    private let parameters: DeviceParameters
    private let direction: PCMDirection
    private let box = Box()

    init(_ parameters: DeviceParameters, _ direction: PCMDirection) {
        self.parameters = parameters
        self.direction = direction
    }

    /// Opens the device, once.
    ///
    /// - Throws: `.unavailable`
    func look() throws(PipelineError) -> DeviceHold {
        if let hold = box.hold.withLock({ $0 }) { return hold }
        let hold = try DeviceHold.of(parameters, direction, periodFrames: 256)
        box.hold.withLock { $0 = hold }
        return hold
    }

    /// How device and graph are joined.
    func configuration(
        _ hold: DeviceHold, _ driver: any Driver, rate: Int, channels: Int
    ) -> ClockBridge.Configuration {
        ClockBridge.Configuration(
            direction: direction == .capture ? .capture : .playback, channels: channels, masterRate: rate,
            masterPeriod: driver.cycleFrames(rate: rate), deviceRate: hold.device.rate,
            devicePeriod: hold.device.cycleFrames)
    }

    /// The bridge and the device's thread. Once only.
    func make(_ setup: Setup, channels: Int) throws(PipelineError) -> (ClockBridge, BridgedDevice) {
        let hold = try look()
        guard let driver = setup.driver else { throw PipelineError(.internal, at: parameters.path, "no driver") }
        let bridge = ClockBridge(configuration(hold, driver, rate: setup.masterRate, channels: channels))
        return (bridge, BridgedDevice(hold.takeStream(), bridge, events: setup.events))
    }
}
