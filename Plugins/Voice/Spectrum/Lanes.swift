/// Eight neighbours, wherever they lie.
@inline(__always) @_noLocks @_noAllocation
func load(_ samples: UnsafePointer<Float>) -> SIMD8<Float> {
    UnsafeRawPointer(samples).loadUnaligned(as: SIMD8<Float>.self)
}

@inline(__always) @_noLocks @_noAllocation
func store(_ value: SIMD8<Float>, _ samples: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(samples).storeBytes(of: value, as: SIMD8<Float>.self)
}

/// The sum of `samples[first..<end]`, in an order that depends on nothing but the two.
@_noLocks @_noAllocation
func sum(_ samples: UnsafePointer<Float>, _ first: Int, _ end: Int) -> Float {
    var lanes = SIMD8<Float>()
    var k = first
    while k &+ 8 <= end {
        lanes += load(samples + k)
        k &+= 8
    }
    let four = lanes.lowHalf + lanes.highHalf
    let two = four.lowHalf + four.highHalf
    var total = two.x + two.y
    while k < end {
        total += samples[k]
        k &+= 1
    }
    return total
}

/// Zeroed memory for `count` floats, on a cache line of its own.
func zeroed(_ count: Int) -> UnsafeMutablePointer<Float> {
    let floats = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
        .bindMemory(to: Float.self, capacity: max(count, 1))
    floats.initialize(repeating: 0, count: max(count, 1))
    return floats
}

extension UnsafeMutablePointer<Float> {
    /// Writes zeros.
    @_noLocks @_noAllocation
    func clear(_ count: Int) {
        for k in 0..<count { self[k] = 0 }
    }
}
