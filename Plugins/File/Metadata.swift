internal import SyrinxCore

/// What a file carries beside its samples, and how it travels from a source's facts to a sink.
struct Metadata: Sendable, Hashable {
    init() {}
    init(of file: borrowing SoundFile) {}
    func write(to file: borrowing SoundFile, _ plan: OutputPlan) {}
    func waveTrailer(_ plan: OutputPlan, frames: Int) -> [UInt8] { [] }
    func waveBroadcast(_ plan: OutputPlan) -> [UInt8] { [] }
}

extension Metadata {
    init(carriedBy setup: Setup) { self.init() }
}

extension Metadata {
    var facts: [(name: String, value: Value)] { [] }
}
