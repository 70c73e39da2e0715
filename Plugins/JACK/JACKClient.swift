internal import CJack
internal import Glibc
internal import Synchronization
internal import SyrinxCore
internal import SyrinxRealtime

/// One client of a JACK server, from its opening to its end. The only file that holds the handle.
///
/// - Thread: control, one call at a time (``JACKPorts/withClient(_:)`` sees to it), unless a member says otherwise.
// SAFETY: the handle is closed by `deinit` alone; libjack allows any thread to use it until then.
final class JACKClient: @unchecked Sendable {
    /// The name that JACK gave it, perhaps with a number behind it.
    let name: String
    /// The server's rate, in Hz, when it was opened.
    let rate: Int
    private let handle: OpaquePointer
    private let exchange = JACKExchange()
    /// What libjack calls; kept until the client is closed.
    private let callbacks: JACKCallbacks?
    private var isActive = false

    /// A pointer of libjack's on its way between threads.
    // SAFETY: libjack allows any thread to use it.
    private struct Pointer: @unchecked Sendable {
        let raw: OpaquePointer?
    }

    /// - Parameters:
    ///   - server: empty: JACK_DEFAULT_SERVER, or `default`.
    ///   - callbacks: nil: it only asks.
    /// - Throws: `.unavailable` with JACK's status in words.
    init(name: String, server: String, callbacks: JACKCallbacks? = nil) throws(PipelineError) {
        JACKWords.listen()
        JACKWords.clear()
        let tamed = Self.tame(name)
        let answer = exchange.make {
            var status = jack_status_t(0)
            let opened = syrinx_jack_open(tamed, server, &status)
            return (client: Pointer(raw: opened), status: status)
        }
        let shown = server.isEmpty ? Self.defaultServer : server
        guard let answer else {
            throw PipelineError(
                .unavailable, at: "jack", "the server \"\(shown)\" runs, but does not answer; restart it")
        }
        let status = answer.status
        guard let handle = answer.client.raw else {
            throw PipelineError(
                .unavailable, at: "jack",
                """
                no server "\(shown)" to connect to: \(JACKWords.status(status)); start one (jackd -n \(shown) -d alsa), \
                or name the one that runs in JACK_DEFAULT_SERVER or the parameter "server"
                """, cause: JACKWords.first)
        }
        self.handle = handle
        self.name = String(cString: jack_get_client_name(handle))
        rate = Int(jack_get_sample_rate(handle))
        self.callbacks = callbacks
        if let callbacks { setCallbacks(Unmanaged.passUnretained(callbacks).toOpaque()) }
    }

    deinit {
        let handle = Pointer(raw: handle)
        let isClosed = exchange.make { jack_client_close(handle.raw) } != nil
        // The server may still call: what it calls stays, for as long as the process does.
        if !isClosed, let callbacks { _ = Unmanaged.passRetained(callbacks) }
    }

    /// True: the server did not answer a request, and is asked nothing more. Thread: any.
    var isStuck: Bool { exchange.isStuck }

    /// Makes a request, of which 0 is the good answer.
    private func request(_ body: @escaping @Sendable (OpaquePointer?) -> Int32) -> Int32? {
        let handle = Pointer(raw: handle)
        return exchange.make { body(handle.raw) }
    }

    /// The server that is meant where none is named.
    static var defaultServer: String { getenv("JACK_DEFAULT_SERVER").map { String(cString: $0) } ?? "default" }

    /// A name as JACK takes it: no colon, and no longer than it allows.
    private static func tame(_ name: String) -> String {
        let most = Int(jack_client_name_size()) - 8  // Room for the number that makes it unique.
        var tamed = name.isEmpty ? "syrinx" : String(name.map { $0 == ":" || $0.isNewline ? "-" : $0 })
        while tamed.utf8.count > most { tamed.removeLast() }
        return tamed
    }

    // MARK: State of the server

    /// Frames a cycle. Thread: any.
    var period: Int { Int(jack_get_buffer_size(handle)) }
    /// The rate as it is now. Thread: any.
    var currentRate: Int { Int(jack_get_sample_rate(handle)) }
    /// True: the server gives its clients real-time threads.
    var isRealtime: Bool { jack_is_realtime(handle) != 0 }
    /// How much too late the last xrun was, in microseconds.
    var xrunMicroseconds: Float { jack_get_xrun_delayed_usecs(handle) }

    /// How late the process callback runs, when it must be done, and the server's count of frames; nil: it does not say.
    /// Thread: process callback.
    var cycle: (timing: CycleTiming, frame: UInt32?) {
        var frames: jack_nframes_t = 0
        var (due, next): (jack_time_t, jack_time_t) = (0, 0)
        var period: Float = 0
        guard jack_get_cycle_times(handle, &frames, &due, &next, &period) == 0 else {
            return (CycleTiming(), nil)
        }
        let now = jack_get_time()
        let timing = CycleTiming(
            lateness: now > due ? Int(now - due) * 1000 : 0, period: next > due ? Int(next - due) * 1000 : 0)
        return (timing, frames)
    }

    /// The transport: whether it rolls, and at which frame. Thread: process callback.
    var transport: (isRolling: Bool, frame: Int) {
        var position = jack_position_t()
        let state = jack_transport_query(handle, &position)
        return (state == JackTransportRolling || state == JackTransportLooping, Int(position.frame))
    }

    // MARK: Callbacks

    /// Sets what libjack calls; `context` is the ``JACKCallbacks``, kept by the client.
    private func setCallbacks(_ context: UnsafeMutableRawPointer) {
        jack_set_process_callback(
            handle, { frames, context in JACKCallbacks.at(context) { $0.process(Int(frames)) } }, context)
        jack_set_thread_init_callback(
            handle, { context in _ = JACKCallbacks.at(context) { $0.threadStarted() } }, context)
        jack_set_xrun_callback(handle, { context in JACKCallbacks.at(context) { $0.tell(.xrun) } }, context)
        jack_set_buffer_size_callback(
            handle, { frames, context in JACKCallbacks.at(context) { $0.tell(.period(Int(frames))) } }, context)
        jack_set_sample_rate_callback(
            handle, { rate, context in JACKCallbacks.at(context) { $0.takeRate(Int(rate)) } }, context)
        jack_set_freewheel_callback(
            handle, { isOn, context in _ = JACKCallbacks.at(context) { $0.tell(.freewheel(isOn != 0)) } }, context)
        jack_set_port_registration_callback(
            handle, { _, isNew, context in _ = JACKCallbacks.at(context) { $0.tell(.ports(appeared: isNew != 0)) } },
            context)
        jack_set_latency_callback(
            handle,
            { mode, context in
                _ = JACKCallbacks.at(context) { $0.stateLatencies(capture: mode == JackCaptureLatency) }
            }, context)
        // PipeWire's library knows this one only, in some versions.
        jack_on_shutdown(handle, { context in _ = JACKCallbacks.at(context) { $0.tell(.lost("")) } }, context)
        jack_on_info_shutdown(
            handle,
            { _, reason, context in
                let words = reason.map { String(cString: $0) } ?? ""
                _ = JACKCallbacks.at(context) { $0.tell(.lost(words)) }
            }, context)
    }

    /// From here on the process callback is called.
    func activate() throws(PipelineError) {
        JACKWords.clear()
        guard request({ jack_activate($0) }) == 0 else {
            throw PipelineError(
                .unavailable, at: "jack", "the server refuses to activate the client", cause: JACKWords.first)
        }
        isActive = true
    }

    /// From the return on the process callback is not called any more.
    func deactivate() {
        if isActive { _ = request { jack_deactivate($0) } }
        isActive = false
    }

    // MARK: Ports of its own

    /// A new port of ours; nil: JACK refuses, and ``JACKWords/first`` says why.
    func register(_ name: String, isOutput: Bool) -> OpaquePointer? {
        JACKWords.clear()
        let flags = isOutput ? JackPortIsOutput : JackPortIsInput
        let handle = Pointer(raw: handle)
        return exchange.make {
            Pointer(raw: jack_port_register(handle.raw, name, JACK_DEFAULT_AUDIO_TYPE, UInt(flags.rawValue), 0))
        }?.raw
    }

    func unregister(_ port: OpaquePointer) {
        let port = Pointer(raw: port)
        _ = request { client in
            syrinx_jack_forget_port(client, port.raw)
            return jack_port_unregister(client, port.raw)
        }
    }

    func setPrettyName(_ name: String, of port: OpaquePointer) {
        let port = Pointer(raw: port)
        _ = request { syrinx_jack_set_pretty_name($0, port.raw, name) }
    }

    // MARK: The graph

    /// Ports that sound comes from (`outputs`) or goes to, in the server's order.
    func ports(outputs: Bool) -> [JACKPeer] {
        let flags = outputs ? JackPortIsOutput : JackPortIsInput
        guard let names = jack_get_ports(handle, nil, JACK_DEFAULT_AUDIO_TYPE, UInt(flags.rawValue)) else { return [] }
        defer { jack_free(names) }
        var ports: [JACKPeer] = []
        var index = 0
        while let name = names[index] {
            index += 1
            guard let port = jack_port_by_name(handle, name) else { continue }
            var range = jack_latency_range_t()
            jack_port_get_latency_range(port, outputs ? JackCaptureLatency : JackPlaybackLatency, &range)
            let flags = JackPortFlags(rawValue: UInt32(truncatingIfNeeded: jack_port_flags(port)))
            ports.append(
                JACKPeer(
                    name: String(cString: name), aliases: Self.aliases(of: port), isOutput: outputs,
                    isPhysical: flags.rawValue & JackPortIsPhysical.rawValue != 0,
                    isTerminal: flags.rawValue & JackPortIsTerminal.rawValue != 0,
                    isOurs: jack_port_is_mine(handle, port) != 0,
                    latency: Int(range.min)...max(Int(range.min), Int(range.max))))
        }
        return ports
    }

    private static func aliases(of port: OpaquePointer) -> [String] {
        let size = Int(jack_port_name_size())
        let memory = UnsafeMutablePointer<CChar>.allocate(capacity: 2 * size)
        memory.initialize(repeating: 0, count: 2 * size)
        defer { memory.deallocate() }
        var both: [UnsafeMutablePointer<CChar>?] = [memory, memory + size]
        let count = Int(jack_port_get_aliases(port, &both))
        return both.prefix(max(0, min(count, 2))).compactMap { $0.map { String(cString: $0) } }
    }

    /// True: our port is connected to a port of that name. Thread: any.
    func isConnected(_ port: OpaquePointer, to name: String) -> Bool { jack_port_connected_to(port, name) != 0 }

    /// Joins two ports by their full names.
    ///
    /// - Returns: nil, or why not.
    func connect(_ from: String, _ to: String) -> String? {
        JACKWords.clear()
        guard let code = request({ jack_connect($0, from, to) }) else { return "the server does not answer" }
        if code == 0 || code == EEXIST { return nil }
        return JACKWords.first ?? "JACK refuses with \(code)"
    }

    /// Asks every client to state its latencies anew.
    func recomputeLatencies() { _ = request { jack_recompute_total_latencies($0) } }
}

/// A port of another client, or of ours, as the server lists it.
struct JACKPeer: Sendable {
    let name: String
    let aliases: [String]
    /// True: sound comes from it.
    let isOutput: Bool
    let isPhysical: Bool
    let isTerminal: Bool
    let isOurs: Bool
    /// In frames, towards the device: capture latency of an output, playback latency of an input.
    let latency: ClosedRange<Int>
}

/// A port's latency in frames. Thread: latency callback; touches shared memory only.
func jackLatency(_ port: OpaquePointer, capture: Bool) -> ClosedRange<Int> {
    var range = jack_latency_range_t()
    jack_port_get_latency_range(port, capture ? JackCaptureLatency : JackPlaybackLatency, &range)
    return Int(range.min)...max(Int(range.min), Int(range.max))
}

/// States a port's latency in frames. Thread: latency callback.
func setJACKLatency(_ port: OpaquePointer, capture: Bool, _ frames: ClosedRange<Int>) {
    var range = jack_latency_range_t(
        min: jack_nframes_t(clamping: frames.lowerBound), max: jack_nframes_t(clamping: frames.upperBound))
    jack_port_set_latency_range(port, capture ? JackCaptureLatency : JackPlaybackLatency, &range)
}
