internal import Glibc
internal import SyrinxCore
internal import SyrinxDSP

/// Where one file of a sink ends and the next begins, and how they are called: `take.wav` becomes `take-0001.wav`,
/// `take-0002.wav` and so on.
struct FileSplit: Sendable {
    /// Seconds a file holds, at most.
    private let seconds: Double?
    /// Bytes a file holds, at most; where the format compresses, the next file begins soon after.
    private let bytes: Int?
    private let stem: String
    /// With its dot, or empty.
    private let ending: String

    /// Frames after which a compressed file's size is looked at; by position, so that cuts of time do not show.
    private static let grid = 4096
    /// Bytes that are kept free for headers and what stands behind the samples.
    private static let overhead = 4096

    /// - Returns: nil where nothing is to be split.
    /// - Throws: `.invalidParameter` for standard output.
    init?(_ parameters: Parameters, path: String) throws(PipelineError) {
        seconds = try parameters.optionalNumber("split_s")
        bytes = try parameters.optionalNumber("split_mb").map { Int(($0 * 1e6).rounded()) }
        if seconds == nil, bytes == nil { return nil }
        if path == "-" {
            throw parameters.error(
                seconds != nil ? "split_s" : "split_mb", "standard output is one stream; name a file to have several")
        }
        let extent = pathExtension(path)
        ending = extent.isEmpty ? "" : ".\(extent)"
        stem = ending.isEmpty ? path : String(path.dropLast(ending.utf8.count))
    }

    /// The name of a file; they count from 1.
    func path(_ number: Int) -> String {
        let digits = String(number)
        return stem + "-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + ending
    }

    /// The most frames that a file holds, if time decides.
    func longest(rate: Int) -> Int? { seconds.map { max(1, Int(($0 * Double(rate)).rounded())) } }

    /// How many frames may still go into a file before this is asked again; 0: the next file's turn has come.
    func room(in file: EncodedFile) -> Int {
        var room = longest(rate: file.plan.rate).map { $0 - file.frames } ?? .max
        guard let bytes else { return room }
        if let width = file.plan.subtype.encoding?.width, !file.plan.container.compresses {
            room = min(room, max(1, (bytes - Self.overhead) / (width * file.plan.channels)) - file.frames)
        } else {
            let left = Self.grid - file.frames % Self.grid
            if left == Self.grid, file.frames > 0, file.bytes >= bytes { return 0 }
            room = min(room, left)
        }
        return room
    }

    /// What an earlier run that was killed has left: parts of files of these names, the first file's left out.
    func leftOvers() -> [String] {
        let slash = stem.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folder = slash.map { String(stem[...$0]) } ?? "./"
        let name = slash.map { String(stem[stem.index(after: $0)...]) } ?? stem
        guard let opened = opendir(folder) else { return [] }
        defer { closedir(opened) }
        var found: [String] = []
        while let entry = readdir(opened) {
            let other = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard other.hasPrefix(name + "-"), other.hasSuffix(ending + ".part") else { continue }
            let number = other.dropFirst(name.utf8.count + 1).dropLast(ending.utf8.count + 5)
            if number.utf8.count >= 4, let number = Int(number), number > 1 { found.append(path(number) + ".part") }
        }
        return found.sorted()
    }
}
