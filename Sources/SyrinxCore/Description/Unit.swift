/// The unit of a parameter, an event's field or a control port, and the ending of its name.
public enum Unit: String, Sendable, Hashable, CaseIterable {
    case none = ""
    case decibels = "dB"
    case decibelsFullScale = "dBFS"
    case loudness = "LUFS"
    case loudnessRange = "LU"
    case truePeak = "dBTP"
    case hertz = "Hz"
    case milliseconds = "ms"
    case seconds = "s"
    case minutes = "min"
    case frames = "frames"
    case ratio = "ratio"
    case percent = "%"
    case partsPerMillion = "ppm"
    case degrees = "°"
}
