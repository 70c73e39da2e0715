internal import CALSA
internal import Glibc
internal import SyrinxCore

/// What alsa-lib knows by name, and what it can do.
enum ALSADeviceList {
    /// Every card's devices, then every name that alsa-lib's configuration hints at.
    ///
    /// - Thread: control. Opens each for as long as it takes to ask.
    static func devices() -> [DeviceDescription] {
        let hints = hints().map { describe($0.name, $0.summary, $0.directions) }
        let hinted = Set(hints.map(\.name))
        return cards().filter { !hinted.contains($0.name) }.map { describe($0.name, $0.summary, $0.directions) } + hints
    }

    private struct Hint {
        var name: String
        var summary: String
        var directions: [PCMDirection]
    }

    /// `hw:CARD=…,DEV=…` of what the kernel has.
    private static func cards() -> [Hint] {
        ALSALibrary.call {
            var found: [Hint] = []
            var card: Int32 = -1
            while snd_card_next(&card) == 0, card >= 0 {
                var control: OpaquePointer?
                guard snd_ctl_open(&control, "hw:\(card)", Int32(SND_CTL_NONBLOCK)) == 0, let control else { continue }
                defer { snd_ctl_close(control) }
                var info: OpaquePointer?
                guard snd_ctl_card_info_malloc(&info) == 0, let info else { continue }
                defer { snd_ctl_card_info_free(info) }
                guard snd_ctl_card_info(control, info) == 0 else { continue }
                let id = String(cString: snd_ctl_card_info_get_id(info))
                let name = String(cString: snd_ctl_card_info_get_name(info))
                var device: Int32 = -1
                while snd_ctl_pcm_next_device(control, &device) == 0, device >= 0 {
                    let (pcm, directions) = ask(control, device: device)
                    found.append(
                        Hint(name: "hw:CARD=\(id),DEV=\(device)", summary: "\(name), \(pcm)", directions: directions))
                }
            }
            return found
        }.result
    }

    /// A card's device: its name and the directions that it has.
    private static func ask(_ control: OpaquePointer, device: Int32) -> (String, [PCMDirection]) {
        var info: OpaquePointer?
        guard snd_pcm_info_malloc(&info) == 0, let info else { return ("", []) }
        defer { snd_pcm_info_free(info) }
        var name = ""
        var directions: [PCMDirection] = []
        for (direction, stream) in [
            (PCMDirection.capture, SND_PCM_STREAM_CAPTURE), (.playback, SND_PCM_STREAM_PLAYBACK),
        ] {
            snd_pcm_info_set_device(info, UInt32(device))
            snd_pcm_info_set_subdevice(info, 0)
            snd_pcm_info_set_stream(info, stream)
            guard snd_ctl_pcm_info(control, info) == 0 else { continue }
            name = String(cString: snd_pcm_info_get_name(info))
            directions.append(direction)
        }
        return (name, directions)
    }

    /// The names of alsa-lib's configuration.
    private static func hints() -> [Hint] {
        ALSALibrary.call {
            var pointers: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
            guard snd_device_name_hint(-1, "pcm", &pointers) == 0, let hints = pointers else { return [] }
            defer { snd_device_name_free_hint(hints) }
            var found: [Hint] = []
            var index = 0
            while let hint = hints[index] {
                index += 1
                func word(_ key: String) -> String? {
                    guard let text = snd_device_name_get_hint(hint, key) else { return nil }
                    defer { free(text) }
                    return String(cString: text)
                }
                guard let name = word("NAME") else { continue }
                let directions: [PCMDirection] =
                    switch word("IOID") {
                    case "Input": [.capture]
                    case "Output": [.playback]
                    default: [.capture, .playback]
                    }
                let lines = (word("DESC") ?? "").split(separator: "\n")
                found.append(Hint(name: name, summary: lines.joined(separator: ", "), directions: directions))
            }
            return found
        }.result
    }

    /// What the configuration says that a name is: `hw`, `plug`, `jack`.
    private static func configuredType(_ name: String) -> String? {
        ALSALibrary.call { () -> String? in
            guard snd_config_update() >= 0 else { return nil }
            var node: OpaquePointer?
            var text: UnsafePointer<CChar>?
            let key = "pcm.\(name.prefix { $0 != ":" }).type"
            guard snd_config_search(syrinx_alsa_configuration(), key, &node) == 0,
                snd_config_get_string(node, &text) == 0
            else { return nil }
            return text.map { String(cString: $0) }
        }.result
    }

    // MARK: What they can do

    /// Asks a device in each direction that it is said to have.
    private static func describe(_ name: String, _ summary: String, _ directions: [PCMDirection]) -> DeviceDescription {
        // libjack prints on the terminal where no server runs, and JACK's ports are listed by themselves.
        if configuredType(name) == "jack" {
            return DeviceDescription(name: name, summary: summary, captures: true, plays: true)
        }
        var facts: [(name: String, value: Value)] = []
        var works: [PCMDirection: Bool] = [:]
        var reason: PipelineError?
        for direction in directions {
            do throws(PipelineError) {
                let device = try ALSADevice(name, direction)
                defer { device.close() }
                guard let offer = device.offer() else { continue }
                works[direction] = true
                facts.append((direction.rawValue, .object(offer)))
            } catch {
                reason = error
            }
        }
        if facts.isEmpty, let reason {
            let isBusy = reason.message.contains("another program")
            facts.append(("state", .string(isBusy ? "busy" : "unavailable")))
            if let cause = reason.cause { facts.append(("reason", .string(cause))) }
        }
        // What cannot be asked is taken at its word.
        let taken = facts.first?.name == "state"
        return DeviceDescription(
            name: name, summary: summary, captures: directions.contains(.capture) && (taken || works[.capture] == true),
            plays: directions.contains(.playback) && (taken || works[.playback] == true), facts: facts)
    }
}

extension ALSADevice {
    /// Rates, channels and formats, before anything is agreed on.
    fileprivate func offer() -> [Value.Member]? {
        guard let handle else { return nil }
        return ALSALibrary.call { () -> [Value.Member]? in
            guard let space = PCMSpace(of: handle, allowsConversion: false) else { return nil }
            var members: [Value.Member] = []
            let usual = space.usualRates
            if usual.isEmpty, let rates = space.rates {
                members.append(.init("min_rate_hz", .integer(rates.lowerBound)))
                members.append(.init("max_rate_hz", .integer(rates.upperBound)))
            } else {
                members.append(.init("rates_hz", .list(usual.map(Value.integer))))
            }
            if let channels = space.channels {
                let most = min(channels.upperBound, Limits.channels.upperBound)
                members.append(.init("min_channels", .integer(channels.lowerBound)))
                members.append(.init("max_channels", .integer(most)))
            }
            members.append(.init("formats", .list(space.formats.map { .string($0.rawValue) })))
            return members
        }.result
    }
}
