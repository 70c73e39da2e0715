import CSyrinxPlugin
import Glibc
import SyrinxPluginKit

/// A node type in Swift: drives its input into a soft curve, y = g·x / (1 + |g·x|).
final class Drive: PluginNode {
    static let description = PluginType(
        "swift_drive", "Drives its input into a soft curve.", inputs: [.audio("in")], outputs: [.audio("out")],
        parameters: [.init("drive_db", in: 0...40, default: 6, unit: "dB", live: true, "Gain before the curve.")],
        worksInPlace: true)

    private let initial: Double
    /// Owned by the render thread.
    private var gain: Float = 1

    init(values: UnsafeBufferPointer<syrinx_value>) { initial = values[0].number }

    func activate(_ setup: syrinx_setup) -> Bool {
        reset()
        return true
    }

    func reset() { gain = Self.linear(initial) }

    func process(_ block: UnsafePointer<syrinx_block>) -> Bool {
        var done = 0
        for index in 0..<Int(block.pointee.change_count) {
            let change = block.pointee.changes[index]
            render(block, done, Int(change.frame))
            done = Int(change.frame)
            gain = Self.linear(change.value)
        }
        render(block, done, Int(block.pointee.outputs[0].frames))
        return true
    }

    private func render(_ block: UnsafePointer<syrinx_block>, _ first: Int, _ last: Int) {
        let (input, output, gain) = (block.pointee.inputs[0], block.pointee.outputs[0], gain)
        for channel in 0..<Int(output.channel_count) {
            guard let from = input.channels[channel], let to = output.channels[channel] else { continue }
            for frame in first..<last {
                let driven = gain * from[frame]
                to[frame] = driven / (1 + abs(driven))
            }
        }
    }

    private static func linear(_ decibels: Double) -> Float { Float(pow(10, decibels / 20)) }
}

private let entry = PluginEntry(Drive.self)

@_cdecl("syrinx_plugin")
public func syrinxPlugin(hostMajor: UInt32, hostMinor: UInt32) -> UnsafePointer<syrinx_entry> { entry.pointer }
