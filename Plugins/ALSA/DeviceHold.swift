internal import Synchronization
internal import SyrinxCore

/// A device off the driver's clock between the look at it, when formats are settled, and the run.
///
/// An edit of a running pipeline settles formats again while the device is in use: whoever asks for the same device then
/// gets the same hold.
final class DeviceHold: Sendable {
    private struct Key: Hashable {
        let path: String
        let direction: PCMDirection
        let names: [String]
        let side: DeviceRequest.Side
        let periodFrames: Int
        let periods: Int
    }

    private struct Weak {
        weak var hold: DeviceHold?
    }

    private static let holds = Mutex<[Key: Weak]>([:])

    let request: DeviceRequest
    let device: OpenedDevice
    private let isTaken = Mutex(false)

    private init(_ request: DeviceRequest, _ device: OpenedDevice) {
        self.request = request
        self.device = device
    }

    deinit { if !isTaken.withLock({ $0 }) { device.close() } }

    /// The hold of a node's device; opens it if nobody has.
    ///
    /// - Throws: `.unavailable`
    /// - Thread: control.
    static func of(
        _ parameters: DeviceParameters, _ direction: PCMDirection, periodFrames: Int
    ) throws(PipelineError) -> DeviceHold {
        var request = try DeviceParameters.request(
            [(direction, parameters)], rate: nil, blockFrames: parameters.periodFrames ?? periodFrames)
        guard let side = request[direction] else { throw PipelineError(.internal, at: parameters.path, "no side") }
        let key = Key(
            path: parameters.path, direction: direction, names: request.names, side: side,
            periodFrames: request.periodFrames, periods: request.periods)
        if let hold = holds.withLock({ $0[key]?.hold }) { return hold }
        let device: OpenedDevice
        do throws(PipelineError) {
            device = try OpenedDevice.open(request, ALSASystem())
        } catch {
            throw PipelineError(error.code, at: parameters.path, error.message, cause: error.cause)
        }
        // The resampler behind it is made for this rate.
        request.rate = device.rate
        let hold = DeviceHold(request, device)
        holds.withLock { holds in
            holds = holds.filter { $0.value.hold != nil }
            holds[key] = Weak(hold: hold)
        }
        return hold
    }

    /// The stream that runs the device. Where another one does, it waits until that one has ended.
    func takeStream() -> DeviceStream {
        let isThere = isTaken.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
        return DeviceStream(device, isThere: isThere, request, ALSASystem(), SystemClock())
    }

    /// What was agreed on, for display and report.
    func facts(_ direction: PCMDirection, latency: Int) -> [(name: String, value: Value)] {
        (device[direction]?.agreement.facts ?? []) + [
            ("latency_frames", .integer(latency)), ("clock", .string("own")),
        ]
    }
}
