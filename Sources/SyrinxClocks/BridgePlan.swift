/// What follows from a bridge's configuration: its delay, and the memory that this takes.
struct BridgePlan {
    let sourceRate: Int
    let targetRate: Int
    /// In frames at R.
    let latency: Int
    let ringFrames: Int
    let records: Int
    /// Source frames to keep.
    let history: Int
    let follower: ClockFollower

    init(_ configuration: ClockBridge.Configuration) {
        let master = Double(configuration.masterRate)
        let isCapture = configuration.direction == .capture
        sourceRate = isCapture ? configuration.deviceRate : configuration.masterRate
        targetRate = isCapture ? configuration.masterRate : configuration.deviceRate
        // One period of the device, in frames at R.
        let devicePeriod = Double(configuration.devicePeriod) / Double(configuration.deviceRate) * master
        let masterPeriod = Double(configuration.masterPeriod)
        let headroom =
            configuration.headroomFrames.map(Double.init) ?? max(0.5 * max(devicePeriod, masterPeriod), 2e-3 * master)
        // Half the filter, in frames at R.
        let filter = 0.5 * Double(SincTable.length(from: sourceRate, to: targetRate)) / Double(sourceRate) * master
        // Capture: just before the device's next period its newest frame is a period old, and the cycle that begins
        // then needs what lies up to its own end. Playback: just before the master's next cycle its frames up to that
        // instant are there, and the device asks for a period from now on.
        let least = devicePeriod + (isCapture ? masterPeriod : 0) + filter + headroom
        latency = Int(least.rounded(.up))
        ringFrames = 2 * latency + 4 * configuration.masterPeriod + Int(4 * devicePeriod)
        records = max(1024, 2 * ringFrames / max(1, min(configuration.masterPeriod, 64)))
        history = (isCapture ? 2 * configuration.devicePeriod : 2 * ringFrames)
        let drift = configuration.largestDriftPPM * 1e-6
        let longest = max(devicePeriod, masterPeriod) / master * 1e9
        follower = ClockFollower(
            source: DelayLockedLoop(rate: sourceRate, largestDrift: drift),
            target: DelayLockedLoop(rate: targetRate, largestDrift: drift),
            sourceDelay: isCapture ? 0 : latency, targetDelay: isCapture ? latency : 0,
            largestError: max(2e6, 0.5 * longest))
    }
}
