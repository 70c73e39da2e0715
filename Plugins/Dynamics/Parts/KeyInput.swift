internal import SyrinxCore
internal import SyrinxDSP

/// What a dynamics node listens to: its own input, or a key; filtered if wanted; channels linked or not.
struct KeySettings: Sendable {
    /// 1: all channels get the same gain; 0: each its own.
    var link = 1.0
    var isRMS = false
    var rms = 10.0
    var highpass: Double?
    var lowpass: Double?

    /// The parameters that ``init(_:)`` reads.
    static let parameters: [ParameterDescriptor] = [
        .choice("detector", of: ["peak", "rms"], default: "peak", "What it follows."),
        .number("rms_ms", in: 0.1...1000, default: 10, unit: .milliseconds, "Time constant of the rms detector."),
        .number(
            "key_highpass_hz", in: 10...20_000, unit: .hertz,
            "Leaves what lies below out of what it listens to, 12 dB an octave."),
        .number(
            "key_lowpass_hz", in: 10...20_000, unit: .hertz,
            "Leaves what lies above out of what it listens to, 12 dB an octave."),
        linkParameter,
    ]

    static let linkParameter = ParameterDescriptor.number(
        "link_percent", in: 0...100, default: 100, unit: .percent,
        "How much the channels move together: 100: all get the same gain, 0: each its own.")

    init(_ parameters: Parameters) throws(PipelineError) {
        // A node without the parameter has one gain for all channels.
        link = parameters.isSet("link_percent") ? try parameters.number("link_percent") / 100 : 1
        isRMS = try parameters.string("detector") == "rms"
        rms = try parameters.number("rms_ms")
        highpass = try parameters.optionalNumber("key_highpass_hz")
        lowpass = try parameters.optionalNumber("key_lowpass_hz")
        if let highpass, let lowpass, highpass >= lowpass {
            throw parameters.error(
                "key_lowpass_hz", "found \(lowpass) Hz, expected more than key_highpass_hz, \(highpass) Hz")
        }
    }

    /// Whether a filter's corner fits below half the rate.
    private func check(_ parameters: Parameters, rate: Int?) throws(PipelineError) {
        guard let rate else { return }
        for (name, corner) in [("key_highpass_hz", highpass), ("key_lowpass_hz", lowpass)] {
            if let corner, corner >= Double(rate) / 2 {
                throw parameters.error(
                    name, "found \(corner) Hz, expected less than \(Double(rate) / 2) Hz, half the rate")
            }
        }
    }

    /// Lanes for `channels` of audio that listen to `source` channels: one where one gain serves all.
    func lanes(channels: Int, source: Int) -> Int { link == 1 || source != channels ? 1 : channels }

    func detector(source: Int, lanes: Int, rate: Int, room: Int) -> LevelDetector {
        var filter: [BiquadCoefficients] = []
        let butterworth = 2.0.squareRoot()
        if let highpass {
            filter.append(BiquadCoefficients(.highpass, turns: highpass / Double(rate), inverseQ: butterworth))
        }
        if let lowpass {
            filter.append(BiquadCoefficients(.lowpass, turns: lowpass / Double(rate), inverseQ: butterworth))
        }
        return LevelDetector(
            isRMS ? .rms : .peak, channels: source, lanes: lanes, rate: rate, rmsMilliseconds: rms, filter: filter,
            room: room)
    }
}

extension KeySettings {
    /// What a node resolves to that listens ahead: its audio delayed by `lookahead` ms, then `controls` control outputs.
    func resolve(
        _ request: FormatRequest, _ parameters: Parameters, lookahead: Double, controls: Int
    ) throws(PipelineError) -> Resolution {
        var resolution = Resolution.sameAsInput(request)
        let rate = resolution.outputs[0].format.rate
        try check(parameters, rate: rate)
        let latency = rate.map { frames(lookahead, rate: $0) } ?? 0
        resolution.outputs[0].latency = Rational(Int128(latency))
        for _ in 0..<controls {
            resolution.outputs.append(ControlGrid.output(request, lookAhead: latency, rate: rate))
        }
        return resolution
    }

    /// Channels of the key, the second input; nil: nothing is linked to it.
    static func channels(_ setup: Setup) -> Int? {
        setup.inputs[1].isConnected ? setup.inputs[1].format.channels : nil
    }
}
