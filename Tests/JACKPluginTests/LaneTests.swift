import Foundation
import Synchronization
import SyrinxClocks
import Testing

@testable import JACKPlugin

@Suite("jack, a bridge that is replaced")
struct JACKLaneTests {
    private static func bridge(_ period: Int) -> ClockBridge {
        ClockBridge(
            .init(
                direction: .capture, channels: 1, masterRate: 8_000, masterPeriod: 80, deviceRate: 8_000,
                devicePeriod: period))
    }

    private struct Weak { weak var bridge: ClockBridge? }

    @Test("a lane in use outlives its replacement, and those that nobody uses are freed")
    func replacement() {
        var made: [Weak] = []
        func make(_ period: Int) -> ClockBridge {
            let bridge = Self.bridge(period)
            made.append(Weak(bridge: bridge))
            return bridge
        }
        var lanes: JACKLanes? = JACKLanes(make(16))
        let used = lanes?.render.take()
        for period in 17...20 { lanes?.replace(with: make(period)) }
        #expect(used?.pointee.stride == 16)
        #expect(made.map { $0.bridge != nil } == [true, false, false, false, true])
        lanes?.render.leave()
        #expect(lanes?.device.take()?.pointee.stride == 20)
        lanes?.device.leave()
        lanes?.replace(with: make(21))
        #expect(made.map { $0.bridge != nil } == [false, false, false, false, false, true])
        lanes = nil
        #expect(made.allSatisfy { $0.bridge == nil })
    }

    @Test("both sides use it while it is replaced, and see a whole lane each time")
    func concurrent() {
        let lanes = JACKLanes(Self.bridge(16))
        let isOver = Atomic<Bool>(false)
        let wrong = Atomic<Int>(0)
        let uses = Atomic<Int>(0)
        withExtendedLifetime(lanes) {
            let threads = [lanes.render, lanes.device].map { side in
                Thread {
                    while !isOver.load(ordering: .acquiring) {
                        guard let lane = side.take() else { continue }
                        let period = lane.pointee.withBridge { $0.configuration.devicePeriod }
                        if period != lane.pointee.stride || lane.pointee.channels != 1 {
                            wrong.add(1, ordering: .relaxed)
                        }
                        lane.pointee.scratch[0] = 1
                        side.leave()
                        uses.add(1, ordering: .relaxed)
                    }
                }
            }
            for thread in threads { thread.start() }
            for period in 0..<60 { lanes.replace(with: Self.bridge(16 + period % 8)) }
            isOver.store(true, ordering: .releasing)
            while threads.contains(where: { !$0.isFinished }) { usleep(1_000) }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
        #expect(uses.load(ordering: .relaxed) > 0)
    }
}
