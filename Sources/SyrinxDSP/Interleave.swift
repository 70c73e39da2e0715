/// Takes frames apart: channel c of frame k goes to `planes[c · stride + k]`.
///
/// - Shape: `frames` holds `count` frames of `channels` samples; the two must not overlap.
/// - Thread: any.
public func deinterleave(
    _ frames: UnsafePointer<Float>, channels: Int, count: Int, into planes: UnsafeMutablePointer<Float>, stride: Int
) {
    switch channels {
    case 1: planes.update(from: frames, count: count)
    case 2:
        let (left, right) = (planes, planes + stride)
        for k in 0..<count {
            left[k] = frames[2 &* k]
            right[k] = frames[2 &* k &+ 1]
        }
    default:
        for channel in 0..<channels {
            let (plane, first) = (planes + channel * stride, frames + channel)
            for k in 0..<count { plane[k] = first[k &* channels] }
        }
    }
}

/// Puts frames together: `planes[c · stride + k]` becomes channel c of frame k.
///
/// - Shape: `frames` takes `count` frames of `channels` samples; the two must not overlap.
/// - Thread: any.
public func interleave(
    _ planes: UnsafePointer<Float>, stride: Int, channels: Int, count: Int, into frames: UnsafeMutablePointer<Float>
) {
    switch channels {
    case 1: frames.update(from: planes, count: count)
    case 2:
        let (left, right) = (planes, planes + stride)
        for k in 0..<count {
            frames[2 &* k] = left[k]
            frames[2 &* k &+ 1] = right[k]
        }
    default:
        for channel in 0..<channels {
            let (plane, first) = (planes + channel * stride, frames + channel)
            for k in 0..<count { first[k &* channels] = plane[k] }
        }
    }
}
