internal import SyrinxDSP

/// The magnitudes of a windowed frame's spectrum: 256 samples in, 129 magnitudes out.
///
/// Works in two parts, ``transform(_:)`` and ``finish(into:)``, so that the work can be spread.
///
/// - Shape: bin k stands for k/256 of the sample rate; nothing is normalised.
/// - Thread: made on control; the parts on render.
struct FrameSpectrum: ~Copyable {
    static let length = 256
    static let bins = 129
    /// ``bins``, and what fills the last vector up; those are 0.
    static let paddedBins = 136

    private let fft = RealFFT(size: FrameSpectrum.length)
    /// One allocation: window, the frame under it, and the spectrum's real and imaginary parts.
    private let memory: UnsafeMutablePointer<Float>

    /// - Parameter window: 256 weights.
    init(window: [Float]) {
        precondition(window.count == Self.length)
        let size = 2 * Self.length + 2 * Self.paddedBins
        memory = UnsafeMutableRawPointer.allocate(byteCount: size * 4, alignment: 64)
            .bindMemory(to: Float.self, capacity: size)
        memory.initialize(repeating: 0, count: size)
        for k in 0..<Self.length { memory[k] = window[k] }
    }

    deinit { UnsafeMutableRawPointer(memory).deallocate() }

    /// Takes 256 samples: weighs and transforms them. Thread: render.
    @_noLocks @_noAllocation
    func transform(_ samples: UnsafePointer<Float>) {
        let (window, frame) = (UnsafeRawPointer(memory), UnsafeMutableRawPointer(memory + 256))
        let source = UnsafeRawPointer(samples)
        var place = 0
        while place < 1024 {
            let weighed =
                window.load(fromByteOffset: place, as: SIMD8<Float>.self)
                * source.loadUnaligned(fromByteOffset: place, as: SIMD8<Float>.self)
            frame.storeBytes(of: weighed, toByteOffset: place, as: SIMD8<Float>.self)
            place &+= 32
        }
        fft.forward(memory + 256, real: memory + 512, imaginary: memory + 648)
    }

    /// Writes 136 magnitudes, the last seven of them 0. Thread: render.
    @_noLocks @_noAllocation
    func finish(into magnitudes: UnsafeMutablePointer<Float>) {
        let (real, imaginary) = (UnsafeRawPointer(memory + 512), UnsafeRawPointer(memory + 648))
        let result = UnsafeMutableRawPointer(magnitudes)
        var place = 0
        while place < 544 {
            let x = real.load(fromByteOffset: place, as: SIMD8<Float>.self)
            let y = imaginary.load(fromByteOffset: place, as: SIMD8<Float>.self)
            result.storeBytes(of: squareRoot(x * x + y * y), toByteOffset: place, as: SIMD8<Float>.self)
            place &+= 32
        }
    }
}
