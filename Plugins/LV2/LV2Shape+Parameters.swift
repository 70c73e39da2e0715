internal import SyrinxCore

extension LV2Shape {
    /// Where metadata states no bound.
    private static let widest: Float = 1e9

    /// The parameter for a control input.
    static func control(_ port: Int, _ from: LV2Metadata.Port, _ taken: inout Set<String>) -> Control {
        let name = name(from.symbol, &taken)
        var (least, most) = (from.least, from.most)
        if !least.isFinite { least = from.isToggled ? 0 : -widest }
        if !most.isFinite { most = from.isToggled ? 1 : widest }
        (least, most) = (max(min(least, most), -widest), min(max(least, most), widest))
        let stated = from.preset.isFinite ? from.preset : from.least.isFinite ? least : 0
        let preset = min(max(stated, least), most)
        let (unit, words) = unit(from.unit)
        var summary = from.name.isEmpty ? from.symbol : from.name
        if let words { summary += ", in \(words)" }
        if from.isRateFactor { summary += ", as a factor of the sample rate" }
        let points = distinct(from.points)
        if from.isEnumeration, points.count > 1 {
            return Control(
                port: port,
                parameter: .choice(
                    name, of: points.map(\.label), default: word(for: preset, points), summary + "."),
                words: points, preset: preset)
        }
        if !points.isEmpty {
            let known = points.prefix(8).map { "\($0.label) = \(decimal($0.value))" }.joined(separator: ", ")
            summary += " (\(known)\(points.count > 8 ? ", …" : ""))"
        }
        if from.isToggled || from.isInteger {
            let range = Int(least.rounded(.up))...max(Int(least.rounded(.up)), Int(most.rounded(.down)))
            let first = min(max(Int(preset.rounded()), range.lowerBound), range.upperBound)
            if from.isToggled { summary += ": 0 is off, 1 is on" }
            return Control(
                port: port,
                parameter: .integer(name, in: range, default: first, unit: unit, live: true, summary + "."),
                preset: Float(first), isRateFactor: from.isRateFactor)
        }
        let range = decimal(least)...decimal(most)
        return Control(
            port: port,
            parameter: .number(
                name, in: range, default: min(max(decimal(preset), range.lowerBound), range.upperBound), unit: unit,
                live: true, summary + "."), preset: preset, isRateFactor: from.isRateFactor)
    }

    /// The nearest point's word.
    static func word(for value: Float, _ points: [(label: String, value: Float)]) -> String {
        points.min { abs($0.value - value) < abs($1.value - value) }?.label ?? ""
    }

    /// The shortest decimal number that is this float: 0.1, not 0.10000000149.
    static func decimal(_ value: Float) -> Double { Double(value.description) ?? Double(value) }

    /// A name as links can write it: lower case, letters, digits and `_`; what is taken gets `port_` before it, then a
    /// number behind it.
    static func name(_ symbol: String, _ taken: inout Set<String>) -> String {
        var name = ""
        for byte in symbol.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): name.unicodeScalars.append(Unicode.Scalar(byte + 32))
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            default: name.append("_")
            }
        }
        let isPlain = name.utf8.first.map { (97...122).contains($0) } ?? false
        if !isPlain || taken.contains(name) { name = "port_" + name }
        let first = name
        var number = 2
        while taken.contains(name) {
            name = "\(first)_\(number)"
            number += 1
        }
        taken.insert(name)
        return name
    }

    /// One entry a label.
    private static func distinct(_ points: [(label: String, value: Float)]) -> [(label: String, value: Float)] {
        var known: Set<String> = []
        return points.filter { !$0.label.isEmpty && known.insert($0.label).inserted }
    }

    /// The unit, or the words for one that parameters have not.
    static func unit(_ uri: String?) -> (unit: Unit, words: String?) {
        guard let uri, let name = uri.split(separator: "#").last else { return (.none, nil) }
        switch name {
        case "db": return (.decibels, nil)
        case "hz": return (.hertz, nil)
        case "ms": return (.milliseconds, nil)
        case "s": return (.seconds, nil)
        case "min": return (.minutes, nil)
        case "pc": return (.percent, nil)
        case "frame": return (.frames, nil)
        case "degree": return (.degrees, nil)
        case "coef": return (.ratio, nil)
        case "khz": return (.none, "kHz")
        case "mhz": return (.none, "MHz")
        case "bpm": return (.none, "beats a minute")
        case "oct": return (.none, "octaves")
        case "cent": return (.none, "cents")
        case "semitone12TET": return (.none, "semitones")
        case "midiNote": return (.none, "MIDI notes")
        case "bar": return (.none, "bars")
        case "beat": return (.none, "beats")
        case "m": return (.none, "metres")
        case "cm": return (.none, "centimetres")
        case "mm": return (.none, "millimetres")
        default: return (.none, nil)
        }
    }
}
