internal import SyrinxCore

/// Events for the program that the engine is embedded in.
///
/// - Ports: `in` (events). Takes part in no cycle.
struct AppEventsNode: Node {
    static let descriptor = NodeDescriptor(
        type: "app.events", summary: "Gives events to the program that embeds the engine.",
        inputs: [.events("in")],
        details:
            "The program gets each event as EmbeddedEngine.Options.onEvent, in order, on a thread of the engine's.",
        example: #""heard": { "type": "app.events" }"#)

    init(_ parameters: Parameters) throws(PipelineError) {}

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        guard let driver = setup.driver as? AppDriver else { throw AppPlugin.outside(setup.id, "app.events") }
        return Prepared(nil, receiver: AppEventReceiver(onEvent: driver.onEvent))
    }
}

/// Hands events on to the program.
private final class AppEventReceiver: EventReceiver {
    private let onEvent: (@Sendable (PipelineEvent) -> Void)?

    init(onEvent: (@Sendable (PipelineEvent) -> Void)?) { self.onEvent = onEvent }

    func receive(_ event: PipelineEvent) throws(PipelineError) { onEvent?(event) }

    func finish() throws(PipelineError) {}
}
