internal import Glibc

/// The way from a loudspeaker to a microphone in a room of six flat walls: its impulse response.
///
/// - Units: metres, seconds, Hz. A metre from the loudspeaker its direct sound has the level of the signal.
/// - Source: J. B. Allen, D. A. Berkley, "Image method for efficiently simulating small-room acoustics", JASA 65, 1979;
///   all walls absorb alike, by C. F. Eyring's formula for the reverberation time (JASA 1, 1930).
public struct SimulatedRoom: Sendable {
    /// One reflection, or the direct sound: after how many frames, and how strong.
    public struct Path: Sendable {
        public let frame: Int
        public let gain: Float
    }

    public let rate: Int
    /// Every path, in no order.
    public let paths: [Path]
    /// Their sum.
    public let response: [Float]

    /// - Parameters:
    ///   - decay: RT60, the time in which sound falls by 60 dB.
    ///   - length: of the response in seconds; nil: the decay.
    public init(
        size: SIMD3<Double> = SIMD3(4.5, 3.6, 2.6), decay: Double, loudspeaker: SIMD3<Double> = SIMD3(1.2, 1.1, 1.1),
        microphone: SIMD3<Double> = SIMD3(2.1, 1.5, 1.2), length: Double? = nil, rate: Int
    ) {
        self.rate = rate
        let speed = 343.0
        let volume: Double = size.x * size.y * size.z
        let surface: Double = 2 * (size.x * size.y + size.y * size.z + size.z * size.x)
        let absorption: Double = 1 - exp(-24 * log(10) * volume / (speed * surface * decay))
        let reflection = (1 - absorption).squareRoot()
        let frames = Int((length ?? decay) * Double(rate))
        let reach = Double(frames) / Double(rate) * speed
        var paths: [Path] = []
        var response = [Float](repeating: 0, count: frames)
        /// Images along one axis: by how much they are displaced, and how many walls they met.
        func images(_ length: Double, _ source: Double, _ listener: Double) -> [(offset: Double, walls: Int)] {
            let most = Int(reach / (2 * length)) + 1
            var found: [(offset: Double, walls: Int)] = []
            for n in -most...most {
                let room = 2 * Double(n) * length
                found.append((room + source - listener, abs(2 * n)))
                found.append((room - source - listener, abs(2 * n - 1)))
            }
            return found
        }
        let columns = images(size.x, loudspeaker.x, microphone.x)
        let rows = images(size.y, loudspeaker.y, microphone.y)
        let layers = images(size.z, loudspeaker.z, microphone.z)
        for column in columns {
            for row in rows {
                let flat = column.offset * column.offset + row.offset * row.offset
                if flat > reach * reach { continue }
                for layer in layers {
                    let distance = (flat + layer.offset * layer.offset).squareRoot()
                    let frame = Int((distance / speed * Double(rate)).rounded())
                    if frame >= frames { continue }
                    let walls = column.walls + row.walls + layer.walls
                    let gain = Float(pow(reflection, Double(walls)) / max(distance, 0.1))
                    paths.append(Path(frame: frame, gain: gain))
                    response[frame] += gain
                }
            }
        }
        self.paths = paths
        self.response = response
    }

    /// What the microphone hears of what the loudspeaker plays, as long as that.
    public func hear(_ samples: [Float]) -> [Float] { convolve(samples, response) }
}

/// A loudspeaker's signal on its way back into a microphone: distortion, the room, the way through buffers, another clock.
public struct EchoPath: Sendable {
    public var room: SimulatedRoom
    /// Gain of the whole, dB.
    public var gain = -6.0
    /// How hard the loudspeaker is driven: y = tanh(drive · x) / drive; 0: it is linear. It radiates nothing below 120 Hz.
    public var drive = 0.0
    /// How much faster the microphone's clock runs than the loudspeaker's.
    public var driftPPM = 0.0
    /// From which second on how many milliseconds lie between the reference and the loudspeaker.
    public var delays: [(from: Double, milliseconds: Double)] = [(0, 20)]

    public init(room: SimulatedRoom) { self.room = room }

    /// What the microphone hears of a reference, as long as that.
    public func echo(of reference: [Float]) -> [Float] {
        let rate = Double(room.rate)
        var played = reference
        if drive > 0 { played = played.map { Float(tanh(drive * Double($0)) / drive) } }
        highPass(&played, hertz: 120, rate: rate)
        let heard = room.hear(played)
        let factor = Float(pow(10, gain / 20))
        let step = 1 - driftPPM * 1e-6
        return heard.indices.map { frame in
            let seconds = Double(frame) / rate
            let delay = delays.last { $0.from <= seconds }?.milliseconds ?? 0
            return factor * Self.value(heard, at: Double(frame) * step - delay * rate / 1_000)
        }
    }

    /// A stream between its samples: 32 of them under a Hann-windowed sinc.
    private static func value(_ samples: [Float], at place: Double) -> Float {
        let whole = Int(place.rounded(.down))
        let fraction = place - Double(whole)
        if fraction < 1e-9 { return samples.indices.contains(whole) ? samples[whole] : 0 }
        // sin(π(k − f)) alternates in sign only.
        let height = sin(.pi * fraction)
        var sum = 0.0
        for k in -15...16 where samples.indices.contains(whole + k) {
            let x = fraction - Double(k)
            let weight = (k & 1 == 0 ? height : -height) / (.pi * x) * (0.5 + 0.5 * cos(.pi * x / 16.5))
            sum += Double(samples[whole + k]) * weight
        }
        return Float(sum)
    }
}
