internal import SyrinxClocks
internal import SyrinxCore

/// How a node's ports and the graph are joined, where another driver leads.
struct JACKBridging: Sendable {
    let direction: ClockBridge.Direction
    let channels: Int
    /// R, Hz, and the most frames of it in a cycle of the driver that leads.
    let masterRate: Int
    let masterPeriod: Int
    /// The delay that was stated, in frames of R.
    private(set) var latency: Int

    /// - Parameters:
    ///   - driver: the one that leads.
    ///   - rate: R.
    ///   - deviceRate: the server's.
    ///   - devicePeriod: the server's.
    init(
        _ direction: ClockBridge.Direction, channels: Int, driver: any Driver, rate: Int, deviceRate: Int,
        devicePeriod: Int
    ) {
        self.direction = direction
        self.channels = channels
        masterRate = rate
        masterPeriod = driver.cycleFrames(rate: rate)
        latency = 0
        latency = ClockBridge.latencyFrames(of: configuration(deviceRate: deviceRate, devicePeriod: devicePeriod))
    }

    /// A bridge to a server of such a rate and period. Its delay is the stated one, or longer where that is too short.
    func configuration(deviceRate: Int, devicePeriod: Int) -> ClockBridge.Configuration {
        var configuration = ClockBridge.Configuration(
            direction: direction, channels: channels, masterRate: masterRate, masterPeriod: masterPeriod,
            deviceRate: deviceRate, devicePeriod: devicePeriod, headroomFrames: 0)
        let period = (devicePeriod * masterRate + deviceRate - 1) / deviceRate
        // JACK gives a client the whole period for its work: what is heard may come so late without anyone's fault. What
        // is played waits for the master alone.
        let late = direction == .capture ? period : period / 2
        let headroom = max(late, masterPeriod / 2, masterRate / 500)
        configuration.headroomFrames = max(headroom, latency - ClockBridge.latencyFrames(of: configuration))
        return configuration
    }

    /// The same delay in frames of another rate.
    static func frames(_ count: Int, from rate: Int, to other: Int) -> Int { (count * other + rate / 2) / rate }
}
