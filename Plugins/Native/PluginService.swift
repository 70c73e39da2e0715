internal import Synchronization
internal import SyrinxCore
internal import SyrinxPlugin
internal import SyrinxRealtime

/// The thread beside a plugin's node: does its `work`, and tells once why it was muted.
final class PluginService: BlockingService, Reporter {
    private let handle: NodeHandle
    private let renderer: PluginRenderer
    private let events: EventSender
    private let file: String
    private let isCancelled = Atomic(false)
    private let isTold = Atomic(false)
    private let bell = Doorbell()

    init(_ handle: NodeHandle, _ renderer: PluginRenderer, _ events: EventSender, file: String) {
        self.handle = handle
        self.renderer = renderer
        self.events = events
        self.file = file
    }

    func run() {
        while true {
            let ticket = bell.ticket()
            let isLast = isCancelled.load(ordering: .acquiring)
            if let work = handle.entry.functions.work {
                while work(handle.node) == 1, !isCancelled.load(ordering: .relaxed) {}
            }
            tell()
            if isLast { return }
            bell.wait(after: ticket, atMost: 10_000_000)
        }
    }

    func cancel() {
        isCancelled.store(true, ordering: .releasing)
        bell.ring()
    }

    private func tell() {
        guard let words = renderer.mutedWords, !isTold.exchange(true, ordering: .relaxed) else { return }
        events("plugin_muted", [.init("plugin", .string(file)), .init("reason", .string(words))])
    }

    func figures() -> [(name: String, value: Value)] {
        renderer.mutedWords.map { [("plugin", .string(file)), ("muted", .string($0))] } ?? []
    }
}
