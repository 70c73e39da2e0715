import Foundation
import JACKPlugin
import JackTestKit
import Synchronization
import SyrinxCore
import SyrinxTestKit

/// A pipeline `mic → phones` on a server, run by the driver on a thread of its own; and its host, which takes down what it
/// is told.
final class Rig: DriverHost, @unchecked Sendable {
    struct Told: Sendable, Equatable {
        let event: String
        let fields: [Value.Member]
        let nodes: [String]

        func field(_ name: String) -> Value? { fields.first { $0.name == name }?.value }
    }

    struct Late: Error, CustomStringConvertible {
        let description: String
    }

    struct Plan {
        var source: [String: Value] = [:]
        var sink: [String: Value] = ["soft_start_ms": .number(0)]
        var channels = 1
        var largestBlock = 1024
        /// Frames between source and sink.
        var delay = 0
        var rate: Int?
        var name = "syrinx"
    }

    let driver: JACKDriver
    private let plan: Plan
    private let server: String
    private let log = Mutex<[Told]>([])
    private let made = Mutex<[FakeEngine]>([])
    private let xrunLog = Mutex<[Xrun]>([])
    private let paths = Mutex<[PathLatency]>([])
    private let outcome = Mutex<Result<Void, PipelineError>?>(nil)
    private var thread: Thread?

    init(_ server: JackServer, _ plan: Plan = Plan()) throws(PipelineError) {
        self.plan = plan
        self.server = server.name
        let nodes = [
            DriverRequest.Node(
                id: "mic", type: "jack.source",
                parameters: try Self.parameters(plan.source, JACKSourceNode.self, server.name)),
            DriverRequest.Node(
                id: "phones", type: "jack.sink",
                parameters: try Self.parameters(plan.sink, JACKSinkNode.self, server.name)),
        ]
        driver = try JACKDriver(DriverRequest(pipeline: plan.name, nodes: nodes, rate: plan.rate))
        setDelay(plan.delay)
    }

    deinit { stop() }

    static func parameters<N: Node>(
        _ values: [String: Value], _ type: N.Type, _ server: String
    ) throws(PipelineError) -> Parameters {
        try NodeHarness.parameters(values.merging(["server": .string(server)]) { $1 }, of: N.descriptor)
    }

    /// Starts ``JACKDriver/run(_:)``, and waits for the first cycle.
    func start() throws {
        let thread = Thread { [self] in
            do throws(PipelineError) {
                try driver.run(self)
                outcome.withLock { $0 = .success(()) }
            } catch {
                outcome.withLock { $0 = .failure(error) }
            }
        }
        self.thread = thread
        thread.start()
        try wait("the first cycle") { engine.map { $0.rendered.load(ordering: .acquiring) > 0 } ?? false }
    }

    /// Stops it, and waits for its end. Throws what it threw.
    func finish() throws {
        driver.stop()
        try wait("the end of the run") { thread == nil || outcome.withLock { $0 != nil } }
        thread = nil
        let end = outcome.withLock { $0 }
        made.withLock { $0 = [] }
        if case .failure(let error) = end { throw error }
    }

    private func stop() { try? finish() }

    func wait(_ what: String, atMost seconds: Double = 30, until isThere: () throws -> Bool) throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while try !isThere() {
            if case .failure(let error) = outcome.withLock({ $0 }) { throw error }
            if ContinuousClock.now > deadline {
                throw Late(description: "waited \(seconds) s for \(what); told: \(told.map(\.event))")
            }
            usleep(2_000)
        }
    }

    /// Waits until an event has been told so many times in all.
    @discardableResult
    func await(_ event: String, count: Int = 1, atMost seconds: Double = 30) throws -> Told {
        try wait("\(count) × \(event)", atMost: seconds) { told.count { $0.event == event } >= count }
        return told.filter { $0.event == event }[count - 1]
    }

    var told: [Told] { log.withLock { $0 } }
    var xruns: [Xrun] { xrunLog.withLock { $0 } }
    var engines: [FakeEngine] { made.withLock { $0 } }
    /// The engine of the present time line.
    var engine: FakeEngine? { made.withLock { $0.last } }

    func setDelay(_ frames: Int) {
        paths.withLock { $0 = [PathLatency(source: "mic", sink: "phones", frames: frames...frames)] }
    }

    // MARK: DriverHost

    func engine(atRate rate: Int) throws(PipelineError) -> any Engine {
        let engine = try makeEngine(rate: rate)
        made.withLock { $0 = [engine] }
        return engine
    }

    func makeEngine(
        rate: Int, source: [String: Value]? = nil, sink: [String: Value]? = nil, channels: Int? = nil
    ) throws(PipelineError) -> FakeEngine {
        let format = StreamFormat(rate: rate, channels: channels ?? plan.channels)
        let from = try JACKSourceNode(Self.parameters(source ?? plan.source, JACKSourceNode.self, server))
        let to = try JACKSinkNode(Self.parameters(sink ?? plan.sink, JACKSinkNode.self, server))
        let output = Setup.Output(format: format, largestBlock: plan.largestBlock, isConnected: true)
        let input = Setup.Input(format: format, latency: plan.delay, largestBlock: plan.largestBlock, isConnected: true)
        let one = try from.prepare(
            Setup(id: "mic", inputs: [], outputs: [output], masterRate: rate, isPaced: true, driver: driver))
        let other = try to.prepare(
            Setup(id: "phones", inputs: [input], outputs: [], masterRate: rate, isPaced: true, driver: driver))
        guard let source = one.renderer, let sink = other.renderer else {
            throw PipelineError(.internal, "a node without a renderer")
        }
        return FakeEngine(
            source: source, sink: sink, rate: rate, channels: format.channels, largestBlock: plan.largestBlock,
            delay: plan.delay)
    }

    var masterRate: Int { engine?.masterRate ?? 48_000 }

    func pathLatencies() -> [PathLatency] { paths.withLock { $0 } }
    func xrun(_ xrun: Xrun) { xrunLog.withLock { $0.append(xrun) } }
    func tell(_ event: String, _ fields: [Value.Member], nodes: [String]) {
        log.withLock { $0.append(Told(event: event, fields: fields, nodes: nodes)) }
    }
}

/// Samples that are all different, and never silent: a frame that is lost or repeated shows.
func ramp(_ count: Int) -> [Float] { (1...count).map { Float($0) / 65_536 } }

/// What threads and descriptors this process has.
func ownThreads() -> Int { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count) ?? -1 }
func ownDescriptors() -> Int { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? -1 }
