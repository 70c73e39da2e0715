internal import SyrinxCore

/// What a server has to connect to, for `syrinx devices`.
enum JACKDevices {
    /// Every audio port of the default server.
    ///
    /// - Throws: `.unavailable` if no server answers.
    static func list() throws(PipelineError) -> [DeviceDescription] {
        let client = try JACKClient(name: "syrinx-devices", server: "")
        let (rate, period) = (client.currentRate, client.period)
        return [true, false].flatMap { isOutput in
            client.ports(outputs: isOutput).filter { !$0.isOurs }.map { port in
                let kind = [port.isPhysical ? "physical" : nil, port.isTerminal ? "terminal" : nil].compactMap(\.self)
                let milliseconds = Double(port.latency.upperBound) / Double(rate) * 1000
                let latency =
                    port.latency.lowerBound == port.latency.upperBound
                    ? "\(port.latency.upperBound)" : "\(port.latency.lowerBound)…\(port.latency.upperBound)"
                let tenths = Double(Int(milliseconds * 10 + 0.5)) / 10
                return DeviceDescription(
                    name: port.name,
                    summary: "\((kind + ["audio"]).joined(separator: ", ")), latency \(latency) frames (\(tenths) ms)",
                    captures: isOutput, plays: !isOutput,
                    facts: [
                        ("aliases", .list(port.aliases.map(Value.string))), ("physical", .boolean(port.isPhysical)),
                        ("terminal", .boolean(port.isTerminal)), ("type", .string("32 bit float mono audio")),
                        ("latency_min_frames", .integer(port.latency.lowerBound)),
                        ("latency_max_frames", .integer(port.latency.upperBound)), ("rate_hz", .integer(rate)),
                        ("period_frames", .integer(period)),
                    ])
            }
        }
    }
}
