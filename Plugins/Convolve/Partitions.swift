/// How a response is cut: first taps that are summed directly, then levels of ever larger partitions.
///
/// A level of partitions of n taps begins at tap 2·n: what a block of n samples gives is first heard n samples after the
/// block's end. Its work is spread over those n samples in small units, so no cycle has much more to do than another, and nothing is late.
///
/// - Source: W. G. Gardner, "Efficient convolution without input-output delay", J. Audio Eng. Soc. 43 (1995).
package struct Partitions: Sendable, Hashable {
    /// Taps that are summed directly.
    package var head: Int
    /// Taps of one partition, and how many there are, level by level.
    package var levels: [(size: Int, count: Int)] { zip(sizes, counts).map { ($0, $1) } }
    private var sizes: [Int] = []
    private var counts: [Int] = []

    /// The cheapest of those tried for 10 s of response at 48 kHz (Benchmarks/convolve).
    package static let usualSizes = [256, 4_096, 32_768]

    /// - Parameters:
    ///   - taps: the longest response.
    ///   - usual: sizes to use as far as the response is long enough: multiples of 64, powers of two, growing.
    package init(taps: Int, sizes usual: [Int] = Self.usualSizes) {
        head = min(max(taps, 1), 2 * usual[0])
        for (index, size) in usual.enumerated() where taps > 2 * size {
            // A level that would be left with little is not worth its transforms.
            if index > 0, taps <= 3 * size { break }
            let next = index + 1 < usual.count ? usual[index + 1] : .max / 4
            let end = taps > 3 * next ? 2 * next : taps
            sizes.append(size)
            counts.append((end - 2 * size + size - 1) / size)
            if end == taps { break }
        }
    }
}
