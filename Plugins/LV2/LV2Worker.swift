internal import CLilv
internal import Glibc
internal import Synchronization
internal import SyrinxCore

/// Does in a live run what plugins schedule from the render thread: reads files, computes tables.
final class LV2Worker: BlockingService {
    private let renderer: LV2Renderer
    private let isCancelled = Atomic(false)

    init(_ renderer: LV2Renderer) { self.renderer = renderer }

    func run() throws(PipelineError) {
        while !isCancelled.load(ordering: .relaxed) {
            // Nobody on the render thread may wake it: it looks.
            if clv2_work(renderer.host.handle) == 0 { usleep(2_000) }
        }
    }

    func cancel() { isCancelled.store(true, ordering: .relaxed) }
}
