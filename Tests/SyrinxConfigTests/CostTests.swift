import Glibc
import SyrinxConfig
import SyrinxCore
import Testing

/// Shapes of file that make a careless reader slow. Each is read at a sixteenth of the size too; what takes time by the
/// square of the size would take 256 times as long. Time is the thread's own, so that a busy machine does not show.
@Suite("Cost of reading")
struct CostTests {
    static func fill(_ unit: String, between open: String = "", and close: String = "", size: Int) -> [UInt8] {
        let room = size - open.utf8.count - close.utf8.count
        return Array(open.utf8) + Array(String(repeating: unit, count: room / unit.utf8.count).utf8) + Array(close.utf8)
    }

    static let shapes: [(name: String, make: @Sendable (Int) -> [UInt8])] = [
        (
            "one long string",
            { fill("é", between: #"{"syrinx":1,"nodes":{"a":{"type":"t","p":""#, and: #""}}}"#, size: $0) }
        ),
        (
            "escapes",
            { fill("\\u00e9", between: #"{"syrinx":1,"nodes":{"a":{"type":"t","p":""#, and: #""}}}"#, size: $0) }
        ),
        ("dollars", { fill("$$", between: #"{"syrinx":1,"nodes":{"a":{"type":"t","p":""#, and: #""}}}"#, size: $0) }),
        (
            "references",
            { fill("${a|}", between: #"{"syrinx":1,"nodes":{"a":{"type":"t","p":""#, and: #""}}}"#, size: $0) }
        ),
        (
            "slips in references",
            { fill(#""$","#, between: #"{"syrinx":1,"nodes":{"a":{"type":"t","p":["#, and: "]}}}", size: $0) }
        ),
        ("numbers", { fill("1.5,", between: #"{"syrinx":1,"nodes":{"a":{"type":"t","p":["#, and: "]}}}", size: $0) }),
        ("keys", { fill(#""key":"value of some length","#, between: #"{"syrinx":1,"x-a":{"#, and: "}}", size: $0) }),
        ("unknown keys", { fill(#""nodez":0,"#, between: "{", and: "}", size: $0) }),
        (
            "links",
            { fill(#""a -> b","#, between: #"{"syrinx":1,"nodes":{"a":{"type":"t"}},"links":["#, and: "]}", size: $0) }
        ),
        ("brackets", { fill("[", size: $0) }),
        ("nested objects", { fill(#"{"a":"#, size: $0) }),
        ("comments", { fill("/**/", and: "1", size: $0) }),
        ("open comment", { fill("/*", size: $0) }),
        ("hashes", { fill("#\n", size: $0) }),
        ("rubbish", { fill("? ", size: $0) }),
        ("commas", { fill(",", between: "[", size: $0) }),
        ("lines", { fill("\r\n", and: "1", size: $0) }),
        ("open strings", { fill("\"\n", between: "[", size: $0) }),
        ("single quotes", { fill("'", between: "[", size: $0) }),
        ("one number", { fill("1", size: $0) }),
        ("one word", { fill("a", size: $0) }),
        ("a word as key", { fill("a", between: "{", size: $0) }),
        ("backslashes", { fill("\\", between: "\"", size: $0) }),
        ("zeros", { fill("\u{0}", size: $0) }),
    ]

    /// Unoptimised code reads smaller files.
    static let size: Int = {
        #if DEBUG
            return 1 << 18
        #else
            return 4 << 20
        #endif
    }()

    @Test("no shape of file is read in more than linear time", arguments: shapes.indices)
    func linear(index: Int) {
        let (name, make) = Self.shapes[index]
        func seconds(_ size: Int) -> Double {
            let bytes = make(size)
            let lookup = Lookup(.check, environment: { _ in nil })
            func now() -> Double {
                var time = timespec()
                clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
                return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
            }
            return (0..<3).map { _ in
                let start = now()
                _ = DocumentReader.read(bytes, named: "f", lookup)
                return now() - start
            }.min() ?? 0
        }
        let (whole, part) = (seconds(Self.size), seconds(Self.size / 16))
        #expect(whole < max(part * 64, 0.1), "\(name): \(part) s, then \(whole) s")
        #expect(whole < 1, "\(name)")
    }
}
