internal import ArgumentParser
internal import SyrinxCore

/// `syrinx devices`
struct DevicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices", abstract: "Lists the devices that pipelines can name, and what they can do.",
        discussion: """
            JACK's ports for connect, ALSA's devices for device. A family that cannot be asked (no JACK server) is one line.

            Examples:
              syrinx devices
              syrinx devices alsa --json
            """)

    @Argument(
        help: "A family; left out: all of them.",
        completion: .custom { _, _, _ in (try? Plugins.registry())?.driverNames ?? [] })
    var family: String?

    @Flag(help: "Prints JSON.")
    var json = false

    func run() throws {
        let loader = try PipelineLoader()
        let known = loader.registry.driverNames
        if let family, !known.contains(family) {
            let hint = NearestName.suggestion(family, among: known)
            let names = known.joined(separator: ", ")
            throw loader.console.fail(
                PipelineError(.usage, at: "devices", "found \(Shown.quoted(family)), expected one of \(names)\(hint)"))
        }
        let families = (family.map { [$0] } ?? known).compactMap { loader.registry.driver($0) }.map(DeviceFamily.init)
        let text =
            json
            ? Value.list(families.map(\.value)).json(pretty: true) + "\n"
            : families.map(\.text).joined(separator: "\n")
        try loader.console.print(text)
    }
}

/// The devices of one driver, or why it cannot tell.
struct DeviceFamily {
    let name: String
    let devices: [DeviceDescription]
    let error: PipelineError?

    init(_ type: DriverType) {
        name = type.name
        do throws(PipelineError) {
            devices = try type.devices()
            error = nil
        } catch {
            devices = []
            self.error = error
        }
    }

    var value: Value {
        var members: [Value.Member] = [
            .init("driver", .string(name)), .init("available", .boolean(error == nil)),
        ]
        if let error { members.append(.init("reason", .string(error.description))) }
        members.append(.init("devices", .list(devices.map(Self.value))))
        return .object(members)
    }

    private static func value(_ device: DeviceDescription) -> Value {
        .object(
            [
                .init("name", .string(device.name)), .init("summary", .string(device.summary)),
                .init("captures", .boolean(device.captures)), .init("plays", .boolean(device.plays)),
            ] + device.facts.map { .init($0.name, $0.value) })
    }

    var text: String {
        if let error { return "\(name): unavailable: \(Shown.plain(error.description, limit: 400))\n" }
        if devices.isEmpty { return "\(name): nothing there\n" }
        var text = "\(name)\n"
        var table = Table()
        for device in devices {
            let directions = [device.captures ? "in" : nil, device.plays ? "out" : nil].compactMap { $0 }
            table.add(
                Shown.plain(device.name, limit: 200), directions.joined(separator: ", "),
                Shown.plain(device.summary, limit: 200))
        }
        let lines = table.text().split(separator: "\n")
        for (line, device) in zip(lines, devices) {
            text += line + "\n"
            for (names, fact) in Self.joined(device.facts) {
                text += Paragraph.wrap("\(names): \(Self.words(fact))", width: 100, indent: 6)
            }
        }
        return text
    }

    /// Facts that say the same are told once: capture and playback of one card.
    private static func joined(_ facts: [(name: String, value: Value)]) -> [(names: String, value: Value)] {
        var joined: [(names: String, value: Value)] = []
        for (name, value) in facts {
            if let index = joined.firstIndex(where: { $0.value == value }) {
                joined[index].names += ", \(name)"
            } else {
                joined.append((name, value))
            }
        }
        return joined
    }

    private static func words(_ value: Value) -> String {
        switch value {
        case .string(let text): Shown.plain(text, limit: 200)
        case .list(let values): values.map(words).joined(separator: ", ")
        case .object(let members): members.map { "\($0.name) \(words($0.value))" }.joined(separator: "; ")
        default: value.json()
        }
    }
}
