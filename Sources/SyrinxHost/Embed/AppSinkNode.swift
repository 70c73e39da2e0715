internal import SyrinxCore

/// Sound to the program that the engine is embedded in: every bit as it is, nothing guarded or limited.
///
/// - Ports: `in` at R.
struct AppSinkNode: Node {
    static let descriptor = NodeDescriptor(
        type: "app.sink", summary: "Gives sound to the program that embeds the engine.",
        inputs: [.audio("in")],
        parameters: [.integer("channels", in: 1...1024, "How many channels; left out: those of the input.")],
        pace: .device(AppDriver.name),
        details: """
            The program calls process, and reads samples from the port that EmbeddedEngine.output names by the node's id. They \
            leave as they are: whoever sends them to a loudspeaker guards it.
            """,
        example: #""out": { "type": "app.sink", "channels": 2 }"#)

    private let channels: Int?

    init(_ parameters: Parameters) throws(PipelineError) { channels = try parameters.optionalInteger("channels") }

    func inputChannels(_ port: String) -> Int? { channels }

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        guard let driver = setup.driver as? AppDriver else { throw AppPlugin.outside(setup.id, "app.sink") }
        let port = driver.port(of: setup.id, .output, channels: setup.input.format.channels)
        return Prepared(AppSinkRenderer(port))
    }
}

/// The render half of ``AppSinkNode``: copies to where the program looks after the cycle.
final class AppSinkRenderer: Renderer {
    /// Keeps what the view leads to.
    private let port: AppPort
    private nonisolated(unsafe) let view: AppPort.View

    init(_ port: AppPort) {
        self.port = port
        view = port.view
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let input = block.input
        let count = input.frameCount
        for channel in 0..<input.channelCount {
            guard let from = input[channel].baseAddress,
                let to = view.place(of: input.position, count: count, channel: channel)
            else { continue }
            UnsafeMutableRawPointer(to).copyMemory(from: from, byteCount: count &* MemoryLayout<Float>.stride)
        }
    }

    @_noLocks @_noAllocation
    func reset() {}
}
