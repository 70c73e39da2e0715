import Glibc
import Synchronization
import SyrinxCore
import SyrinxRealtime
import SyrinxTestKit
import Testing

@testable import FilePlugin

/// A folder that goes away with the object.
final class Folder {
    let path: String

    init() {
        var name = Array("/tmp/syrinx-file-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&name) else { fatalError("no temporary folder") }
        path = String(cString: made)
    }

    deinit { run("rm -rf '\(path)'") }

    subscript(name: String) -> String { "\(path)/\(name)" }

    /// The names of what lies in it.
    var contents: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

/// Runs a shell command. Returns: its exit code.
@discardableResult
func run(_ command: String) -> Int32 {
    let status = system(command)
    return (status >> 8) & 0xFF
}

func readBytes(_ path: String) -> [UInt8] {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { return [] }
    defer { close(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
        let taken = read(file, &piece, piece.count)
        if taken <= 0 { return bytes }
        bytes += piece[..<taken]
    }
}

func writeBytes(_ path: String, _ bytes: [UInt8]) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    defer { close(file) }
    var done = 0
    while done < bytes.count {
        let taken = bytes.withUnsafeBytes { write(file, $0.baseAddress! + done, $0.count - done) }
        if taken <= 0 { return }
        done += taken
    }
}

/// Buffers and ports for one renderer, `largest` frames wide.
final class TestPorts {
    let channels: Int
    private let largest: Int
    private let memory: UnsafeMutablePointer<Float>
    private let pointers: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
    private let clock: UnsafeMutablePointer<PortClock>
    private let port: UnsafeMutablePointer<Port>
    private let cycle: UnsafeMutablePointer<CycleEvents>
    private let outlet: UnsafeMutablePointer<EventOutlet>

    init(channels: Int, largest: Int) {
        self.channels = channels
        self.largest = largest
        memory = .allocate(capacity: channels * largest)
        memory.initialize(repeating: .nan, count: channels * largest)
        pointers = .allocate(capacity: channels)
        for channel in 0..<channels { (pointers + channel).initialize(to: memory + channel * largest) }
        clock = .allocate(capacity: 1)
        clock.initialize(to: PortClock())
        port = .allocate(capacity: 1)
        port.initialize(to: Port(channels: pointers, channelCount: channels, clock: clock, isConnected: true))
        let storage = UnsafeMutablePointer<RenderEvent>.allocate(capacity: 16)
        cycle = .allocate(capacity: 1)
        cycle.initialize(to: CycleEvents(storage: storage, capacity: 16))
        outlet = .allocate(capacity: 1)
        outlet.initialize(to: EventOutlet(cycle: cycle, node: 0))
    }

    deinit {
        cycle.pointee.storage.deallocate()
        for pointer in [
            UnsafeMutableRawPointer(memory), .init(pointers), .init(clock), .init(port), .init(cycle), .init(outlet),
        ] {
            pointer.deallocate()
        }
    }

    subscript(channel: Int) -> UnsafeMutablePointer<Float> { memory + channel * largest }

    /// Renders a slice with the buffers as output (a source) or input (a sink).
    func render(_ renderer: any Renderer, position: Int, frames: Int, asInput: Bool) {
        clock.pointee = PortClock(position: position, frames: frames, offset: 0)
        renderer.render(RenderBlock(ports: port, inputCount: asInput ? 1 : 0, events: outlet))
    }
}

/// Lengths of slices, over and over.
struct Cuts {
    var lengths: [Int]
    private var index = 0
    init(_ lengths: [Int]) { self.lengths = lengths }
    var largest: Int { lengths.max() ?? 1 }
    mutating func next() -> Int {
        defer { index += 1 }
        return lengths[index % lengths.count]
    }
    static let plain = Cuts([1024])
}

/// What a source gave.
struct Take {
    var rate = 0
    /// Channel by channel.
    var samples: [[Float]] = []
    var end = SourceEnd.never
    var facts: [(name: String, value: Value)] = []
    var events: [(name: String, fields: [Value.Member])] = []
    var figures: [String: Value] = [:]
    var frames: Int { samples.first?.count ?? 0 }
    func fact(_ name: String) -> Value? { facts.first { $0.name == name }?.value }
}

final class EventLog: Sendable {
    let all = Mutex<[(name: String, fields: [Value.Member])]>([])
    var sender: EventSender { EventSender { name, fields in self.all.withLock { $0.append((name, fields)) } } }
    var list: [(name: String, fields: [Value.Member])] { all.withLock { $0 } }
}

func makeNode<N: Node>(_ type: N.Type, _ values: [String: Value]) throws(PipelineError) -> N {
    var all: [String: Value] = [:]
    for parameter in N.descriptor.parameters { all[parameter.name] = parameter.defaultValue }
    for (name, value) in values {
        #expect(N.descriptor.parameters.contains { $0.name == name }, "\(name) is not declared")
        all[name] = value
    }
    return try N(Parameters(path: "nodes.test", values: all))
}

/// Reads a file through `file.source`, at most `limit` frames of it.
func readFile(
    _ path: String, _ values: [String: Value] = [:], cuts: Cuts = .plain, limit: Int = .max
) throws(PipelineError) -> Take {
    var cuts = cuts
    var all = values
    all["path"] = .string(path)
    let node = try makeNode(FileSourceNode.self, all)
    let resolution = try node.resolve(FormatRequest(access: .all, inputs: [], masterRate: nil))
    guard let format = resolution.outputs[0].format.complete else {
        throw PipelineError(.internal, "the format stayed open")
    }
    let log = EventLog()
    let prepared = try node.prepare(
        Setup(
            id: "source", inputs: [],
            outputs: [.init(format: format, largestBlock: cuts.largest, isConnected: true)], masterRate: format.rate,
            isPaced: false, events: log.sender))
    let threads = prepared.blockingServices.map(ServiceThread.init)
    let ports = TestPorts(channels: format.channels, largest: cuts.largest)
    var take = Take(
        rate: format.rate, samples: Array(repeating: [], count: format.channels), end: resolution.end,
        facts: resolution.facts)
    var position = 0
    loop: while position < limit {
        var count = min(cuts.next(), limit - position)
        switch prepared.source!.waitToGive(through: position + count) {
        case .ready: break
        case .ends(let frames):
            count = min(count, frames - position)
            if count <= 0 { break loop }
        case .stopped: break loop
        }
        ports.render(prepared.renderer!, position: position, frames: count, asInput: false)
        for channel in 0..<format.channels {
            take.samples[channel] += UnsafeBufferPointer(start: ports[channel], count: count)
        }
        position += count
    }
    if limit < .max { for thread in threads { thread.cancel() } }
    for thread in threads { try thread.join() }
    take.events = log.list
    for (name, value) in prepared.reporter?.figures() ?? [] { take.figures[name] = value }
    return take
}

/// Writes samples through `file.sink`. Returns: its figures.
@discardableResult
func writeFile(
    _ path: String, _ samples: [[Float]], rate: Int = 48_000, _ values: [String: Value] = [:], cuts: Cuts = .plain,
    latency: Int = 0, facts: [(name: String, value: Value)] = [], log: EventLog = EventLog(), isPaced: Bool = false,
    stopBefore: Int? = nil
) throws(PipelineError) -> [String: Value] {
    var cuts = cuts
    var all = values
    all["path"] = .string(path)
    let node = try makeNode(FileSinkNode.self, all)
    let format = StreamFormat(rate: rate, channels: samples.count)
    _ = try node.resolve(
        FormatRequest(
            access: .all, inputs: [PartialFormat(rate: rate, channels: format.channels)], masterRate: rate))
    let prepared = try node.prepare(
        Setup(
            id: "sink",
            inputs: [.init(format: format, latency: latency, largestBlock: cuts.largest, isConnected: true)],
            outputs: [],
            masterRate: rate, isPaced: isPaced, sourceFacts: facts.isEmpty ? [] : [("source", facts)],
            events: log.sender))
    let threads = prepared.blockingServices.map(ServiceThread.init)
    let ports = TestPorts(channels: format.channels, largest: cuts.largest)
    let end = samples[0].count + latency
    prepared.sink!.end(at: end)
    var position = 0
    var isStopped = false
    while position < end {
        let count = cuts.next()
        if !isPaced, !prepared.sink!.waitToTake(through: position + count) {
            isStopped = true
            break
        }
        if let stopBefore, position >= stopBefore {
            isStopped = true
            break
        }
        for channel in 0..<format.channels {
            for k in 0..<count {
                let frame = position + k - latency
                ports[channel][k] = frame >= 0 && frame < samples[channel].count ? samples[channel][frame] : 0.125
            }
        }
        ports.render(prepared.renderer!, position: position, frames: count, asInput: true)
        position += count
    }
    if isStopped { for thread in threads { thread.cancel() } } else { prepared.sink!.finish() }
    for thread in threads { try thread.join() }
    var figures: [String: Value] = [:]
    for (name, value) in prepared.reporter?.figures() ?? [] { figures[name] = value }
    return figures
}

/// Repeatable numbers between −1 and 1 for tests.
struct Noise {
    private var state: UInt64
    init(seed: UInt64 = 1) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
    mutating func sample() -> Float { Float(Int64(bitPattern: next()) >> 40) * 0x1p-23 }
    static func channels(_ channels: Int, frames: Int, seed: UInt64 = 1) -> [[Float]] {
        var noise = Noise(seed: seed)
        return (0..<channels).map { _ in (0..<frames).map { _ in noise.sample() * 0.9 } }
    }
    /// As whole steps of so many bits.
    static func steps(_ bits: Int, channels: Int, frames: Int, seed: UInt64 = 1) -> [[Float]] {
        let scale = Float(1 << (bits - 1))
        var noise = Noise(seed: seed)
        return (0..<channels).map { _ in
            (0..<frames).map { _ in max(-1, min((noise.sample() * scale).rounded(), scale - 1) / scale) }
        }
    }
}

func sine(_ hertz: Double, rate: Int, frames: Int, amplitude: Double = 0.5) -> [Float] {
    (0..<frames).map { Float(amplitude * sin(2 * .pi * hertz * Double($0) / Double(rate))) }
}

/// The bits of samples, so that NaN and signed zeros compare.
func bits(_ samples: [[Float]]) -> [[UInt32]] { samples.map { $0.map(\.bitPattern) } }

func level(_ samples: some Sequence<Float>) -> Double {
    var (sum, count) = (0.0, 0)
    for sample in samples { (sum, count) = (sum + Double(sample) * Double(sample), count + 1) }
    return 10 * log10(sum / Double(max(count, 1)) + 1e-30)
}

/// Where two takes differ first, in words short enough for a report; nil where they do not.
func difference<T: Equatable>(_ one: [[T]], _ other: [[T]]) -> String? {
    if one.count != other.count { return "\(one.count) channels instead of \(other.count)" }
    for channel in one.indices {
        for frame in 0..<min(one[channel].count, other[channel].count)
        where one[channel][frame] != other[channel][frame] {
            return "channel \(channel), frame \(frame): \(one[channel][frame]) instead of \(other[channel][frame])"
        }
        if one[channel].count != other[channel].count {
            return "channel \(channel): \(one[channel].count) frames instead of \(other[channel].count)"
        }
    }
    return nil
}
