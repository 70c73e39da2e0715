internal import SyrinxDSP

/// The frames of one cycle, as the device has them and as the graph has them: interleaved bytes and planes of floats.
///
/// - Shape: channel c of frame k lies at `planes[c · stride + k]`.
/// - Thread: the device's. Nothing here allocates after `init`.
final class PeriodBuffer {
    let format: PCMSampleFormat
    let channels: Int
    /// The most frames of one cycle.
    let stride: Int
    let planes: UnsafeMutablePointer<Float>
    /// As the device reads or writes them.
    let bytes: UnsafeMutableRawPointer
    private let layout: PCMLayout
    private let table: PlaneTable
    private var tally = PCMTally()

    /// Samples that were beyond full scale when they were made integers.
    var clippedSamples: Int { tally.clipped }

    init(format: PCMSampleFormat, channels: Int, frames count: Int) {
        self.format = format
        self.channels = channels
        stride = count
        layout =
            switch format {
            case .f32: PCMLayout(.f32)
            case .s32: PCMLayout(.s32)
            case .s24: PCMLayout(bits: 24, inWordsOf: 4, atTop: false)
            case .packed24: PCMLayout(.s24)
            case .s16: PCMLayout(.s16)
            }
        let samples = channels * count
        planes = .allocate(capacity: samples)
        planes.initialize(repeating: 0, count: samples)
        table = PlaneTable(channels: channels)
        table.set(planes, stride: count)
        bytes = .allocate(byteCount: samples * format.width, alignment: 64)
        bytes.initializeMemory(as: UInt8.self, repeating: 0, count: samples * format.width)
    }

    deinit {
        planes.deallocate()
        bytes.deallocate()
    }

    /// Bytes of one frame.
    var frameWidth: Int { channels * format.width }

    /// From the device's bytes to the planes.
    func decode(_ count: Int) {
        decodePCM(bytes, as: layout, channels: channels, count: count, into: table.planes)
    }

    /// From the planes to the device's bytes.
    func encode(_ count: Int) {
        encodePCM(table.sources, channels: channels, count: count, as: layout, into: bytes, tally: &tally)
    }

    /// Nothing on every channel.
    func silence() { planes.update(repeating: 0, count: channels * stride) }
}
