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
    /// Samples that were beyond full scale when they were made integers.
    private(set) var clippedSamples = 0
    private let frames: UnsafeMutablePointer<Float>
    private let integers: UnsafeMutablePointer<Int32>

    init(format: PCMSampleFormat, channels: Int, frames count: Int) {
        self.format = format
        self.channels = channels
        stride = count
        let samples = channels * count
        planes = .allocate(capacity: samples)
        planes.initialize(repeating: 0, count: samples)
        frames = .allocate(capacity: samples)
        frames.initialize(repeating: 0, count: samples)
        integers = .allocate(capacity: samples)
        integers.initialize(repeating: 0, count: samples)
        bytes = .allocate(byteCount: samples * format.width, alignment: 64)
        bytes.initializeMemory(as: UInt8.self, repeating: 0, count: samples * format.width)
    }

    deinit {
        planes.deallocate()
        frames.deallocate()
        integers.deallocate()
        bytes.deallocate()
    }

    /// Bytes of one frame.
    var frameWidth: Int { channels * format.width }

    /// From the device's bytes to the planes.
    func decode(_ count: Int) {
        let samples = channels * count
        switch format {
        case .f32:
            deinterleave(
                bytes.assumingMemoryBound(to: Float.self), channels: channels, count: count, into: planes,
                stride: stride)
            return
        case .s32: decodePCM(bytes, as: .s32, swapped: false, count: samples, into: frames)
        case .s24:
            // The high byte may hold anything.
            let words = bytes.assumingMemoryBound(to: Int32.self)
            for k in 0..<samples { frames[k] = Float(words[k] << 8) * 0x1p-31 }
        case .packed24: decodePCM(bytes, as: .s24, swapped: false, count: samples, into: frames)
        case .s16: decodePCM(bytes, as: .s16, swapped: false, count: samples, into: frames)
        }
        deinterleave(frames, channels: channels, count: count, into: planes, stride: stride)
    }

    /// From the planes to the device's bytes.
    func encode(_ count: Int) {
        let samples = channels * count
        if format == .f32 {
            interleave(
                planes, stride: stride, channels: channels, count: count,
                into: bytes.assumingMemoryBound(to: Float.self))
            return
        }
        interleave(planes, stride: stride, channels: channels, count: count, into: frames)
        switch format {
        case .f32: break
        case .s32: encode(samples, bits: 32, .s32)
        case .s24: encode(samples, bits: 24, .s32)
        case .packed24: encode(samples, bits: 24, .s24)
        case .s16: encode(samples, bits: 16, .s16)
        }
    }

    /// Nothing on every channel.
    func silence() { planes.update(repeating: 0, count: channels * stride) }

    private func encode(_ samples: Int, bits: Int, _ encoding: PCMEncoding) {
        clippedSamples += quantize(frames, bits: bits, count: samples, into: integers)
        encodePCM(integers, as: encoding, swapped: false, count: samples, into: bytes)
    }
}
