internal import SyrinxCore

/// Sound from the program that the engine is embedded in.
///
/// - Ports: `out` at R. Latency: 0 frames.
struct AppSourceNode: Node {
    static let descriptor = NodeDescriptor(
        type: "app.source", summary: "Takes sound from the program that embeds the engine.",
        outputs: [.audio("out")],
        parameters: [.integer("channels", in: 1...1024, default: 1, "How many channels the program writes.")],
        pace: .device(AppDriver.name),
        details: """
            The program writes samples into the port that EmbeddedEngine.input names by the node's id, and calls process. What \
            it wrote last stays there until it writes again.
            """,
        example: #""mic": { "type": "app.source", "channels": 1 }"#)

    private let channels: Int

    init(_ parameters: Parameters) throws(PipelineError) { channels = try parameters.integer("channels") }

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        Resolution(outputs: [OutputStream(PartialFormat(rate: request.masterRate, channels: channels))])
    }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        guard let driver = setup.driver as? AppDriver else { throw AppPlugin.outside(setup.id, "app.source") }
        return Prepared(AppSourceRenderer(driver.port(of: setup.id, .input, channels: channels)))
    }
}

/// The render half of ``AppSourceNode``: copies what the program wrote for the cycle.
final class AppSourceRenderer: Renderer {
    /// Keeps what the view leads to.
    private let port: AppPort
    private nonisolated(unsafe) let view: AppPort.View

    init(_ port: AppPort) {
        self.port = port
        view = port.view
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let output = block.output
        let count = output.frameCount
        for channel in 0..<output.channelCount {
            guard let to = output[channel].baseAddress else { continue }
            if let from = view.place(of: output.position, count: count, channel: channel) {
                UnsafeMutableRawPointer(to).copyMemory(from: from, byteCount: count &* MemoryLayout<Float>.stride)
            } else {
                for frame in 0..<count { to[frame] = 0 }
            }
        }
    }

    @_noLocks @_noAllocation
    func reset() {}
}
