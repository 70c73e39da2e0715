internal import Glibc

/// Reads a file line by line, with room for one line only.
struct LineReader: ~Copyable {
    enum Step {
        case line([UInt8])
        case end
        case tooLong
        /// `errno`.
        case failed(Int32)
    }

    private let file: Int32
    private let limit: Int
    private var chunk = [UInt8](repeating: 0, count: 1 << 16)
    private var start = 0
    private var end = 0
    /// The number of the last line, from 1.
    private(set) var number = 0
    /// Bytes before the last line, and behind it with its end.
    private(set) var lineStart = 0
    private(set) var lineEnd = 0
    /// False: the last line ran into the end of the file.
    private(set) var isWhole = true

    /// - Parameter file: is closed with the reader.
    init(_ file: Int32, limit: Int) {
        self.file = file
        self.limit = limit
    }

    deinit { close(file) }

    /// The next line, without its end.
    mutating func next() -> Step {
        var line: [UInt8] = []
        lineStart = lineEnd
        while true {
            if start == end {
                let count = chunk.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
                if count < 0 {
                    if errno == EINTR { continue }
                    return .failed(errno)
                }
                if count == 0 {
                    isWhole = false
                    if line.isEmpty { return .end }
                    number += 1
                    return .line(line)
                }
                (start, end) = (0, count)
            }
            let stop = chunk[start..<end].firstIndex(of: 0x0A)
            line += chunk[start..<(stop ?? end)]
            lineEnd += (stop.map { $0 + 1 } ?? end) - start
            start = stop.map { $0 + 1 } ?? end
            if line.count > limit { return .tooLong }
            if stop != nil {
                number += 1
                return .line(line)
            }
        }
    }
}
