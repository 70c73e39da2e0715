public import SyrinxCore

/// Ports of a JACK server, by libjack.
public enum JACKPlugin: NodePlugin {
    public static func register(into registry: inout NodeRegistry) throws(PipelineError) {
        try registry.register(JACKSourceNode.self)
        try registry.register(JACKSinkNode.self)
        try registry.register(
            DriverType(
                JACKDriver.name,
                open: { request throws(PipelineError) in try JACKDriver(request) },
                devices: { () throws(PipelineError) in try JACKDevices.list() }))
    }
}
