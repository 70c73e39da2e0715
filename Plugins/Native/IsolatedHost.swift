internal import CPluginHost
internal import Glibc
internal import SyrinxCore
internal import SyrinxPlugin
internal import SyrinxRealtime

/// A node of a plugin in a helper process: starts it, asks it, and starts it anew.
///
/// - Thread: control until the node is prepared, then its service.
// SAFETY: one thread at a time, as above; what render touches is `shared`, whose words are atomic.
final class IsolatedHost: @unchecked Sendable {
    let type: TypeDescription
    let file: String
    private let program: String
    private let path: String
    private var values: [Value?]
    private var helper: HelperBox?
    private var activation: TokenList?
    /// Whom to tell what the plugin says; nobody until the node is activated.
    private var events = EventSender.discarding
    private var memory: Int32 = -1
    private var size = 0
    /// nil until the node is prepared.
    private(set) var shared: OpaquePointer?

    /// Keeps the noncopyable helper.
    private final class HelperBox {
        let helper: PluginHelper
        init(_ helper: consuming PluginHelper) { self.helper = helper }
    }

    /// Starts the helper, and makes the node in it.
    init(
        file: String, type: TypeDescription, values: [Value?], path: String, program: String
    ) throws(PipelineError) {
        (self.file, self.type, self.values, self.path, self.program) = (file, type, values, path, program)
        try start()
    }

    deinit {
        helper = nil
        if let shared { syrinx_lane_unmap(shared, size) }
        if memory >= 0 { close(memory) }
    }

    private func start() throws(PipelineError) {
        helper = nil
        let fresh = HelperBox(try PluginHelper(file: file, program: program, memory: memory))
        var question = TokenList(["create", type.descriptor.type])
        question.append(values.count)
        for value in values { question.append(value: value) }
        _ = try ask(fresh, question)
        helper = fresh
    }

    /// - Throws: at the node's place.
    private func ask(_ box: HelperBox, _ question: TokenList) throws(PipelineError) -> TokenReader {
        do throws(PipelineError) {
            return try box.helper.ask(question, hear: hear)
        } catch {
            throw PipelineError(error.code, at: path, error.message, cause: error.cause)
        }
    }

    private func ask(_ question: TokenList) throws(PipelineError) -> TokenReader {
        guard let helper else { throw PipelineError(.unavailable, at: path, "its helper process has gone") }
        return try ask(helper, question)
    }

    /// Hands on what the plugin has told since the last time: lines for its user, events of its own thread.
    func listen() {
        guard let helper else { return }
        // No more than what is worth reading.
        for _ in 0..<100 {
            guard var message = helper.helper.channel.receive(within: 0) else { return }
            if message.text() == HelperChannel.told { hear(message) }
        }
    }

    /// Hands on one message; what is no event of the type's, or has other fields, is nothing.
    private func hear(_ message: TokenReader) {
        var message = message
        guard let name = message.text() else { return }
        let fields =
            name == NodeHandle.logEvent
            ? NodeHandle.logFields : type.descriptor.events.first { $0.name == name }?.fields
        guard let fields, let values = message.list(most: fields.count, { $0.value() }), values.count == fields.count,
            values.allSatisfy({ ($0.string?.utf8.count ?? 0) <= DescriptorReader.textLength })
        else { return }
        events(name, zip(fields, values).map { .init($0, $1) })
    }

    /// Asks for the outputs' formats and the plugin's own latency.
    func resolve(_ request: FormatRequest) throws(PipelineError) -> [OutputStream] {
        var question = TokenList(["resolve"])
        question.append(request.masterRate ?? 0)
        question.append(request.inputs.count)
        for input in request.inputs {
            question.append(input == nil ? 0 : 1)
            question.append(input?.rate ?? 0)
            question.append(input?.channels ?? 0)
        }
        var answer = try ask(question)
        let outputs = answer.list(most: DescriptorReader.mostPorts) { reader -> OutputStream? in
            guard let rate = reader.integer(), let channels = reader.integer(), let latency = reader.integer(),
                let tail = reader.integer()
            else { return nil }
            return OutputStream(
                PartialFormat(rate: rate == 0 ? nil : rate, channels: channels == 0 ? nil : channels),
                latency: latency, tail: tail)
        }
        guard let outputs, outputs.count == type.descriptor.streamOutputs.count else {
            throw PipelineError(.unavailable, at: path, "its helper process answers with nonsense")
        }
        return outputs
    }

    /// Makes the shared memory, and activates the node in a helper that has it.
    ///
    /// - Parameter delay: frames between what goes in and what comes out.
    func activate(_ setup: Setup, delay: Int) throws(PipelineError) {
        let inputs = UInt32(setup.inputs.map(\.format.channels).reduce(0, +))
        let outputs = UInt32(setup.outputs.map(\.format.channels).reduce(0, +))
        size = syrinx_lane_size(inputs, outputs, UInt32(delay))
        memory = syrinx_lane_memory(size)
        if memory >= 0 { shared = syrinx_lane_map(memory, size) }
        guard let shared else {
            throw PipelineError(
                .unavailable, at: path, "there is no memory to share with a helper process",
                cause: String(cString: strerror(errno)))
        }
        syrinx_lane_prepare(shared, inputs, outputs, UInt32(delay))
        var question = TokenList(["activate"])
        question.append(setup.masterRate)
        question.append(setup.isPaced ? 1 : 0)
        question.append(size)
        question.append(setup.inputs.count)
        for input in setup.inputs {
            for number in [input.format.rate, input.format.channels, input.largestBlock] { question.append(number) }
        }
        question.append(setup.outputs.count)
        for output in setup.outputs {
            for number in [output.format.rate, output.format.channels, output.largestBlock] { question.append(number) }
        }
        activation = question
        events = setup.events
        // The helper that was asked so far has no memory to share.
        try serve(question, shared)
    }

    /// Starts a helper whose node renders from the next slice on.
    private func serve(_ activation: TokenList, _ shared: OpaquePointer) throws(PipelineError) {
        try start()
        _ = try ask(activation)
        helper?.helper.channel.send(TokenList(["serve"]))
        syrinx_lane_set_phase(shared, UInt32(SYRINX_LANE_READY))
    }

    /// How the running helper has failed, if it has: ended, returned an error, wrote NaN, or lags behind for good.
    var fault: String? {
        guard let shared, let helper else { return nil }
        var code: Int32 = 0
        switch syrinx_lane_failure(shared, &code) {
        case UInt32(SYRINX_LANE_ERROR): return "its process returned the error \(code)"
        case UInt32(SYRINX_LANE_NOT_FINITE): return "it wrote NaN or infinity"
        case UInt32(SYRINX_LANE_LATE): return "it hangs, or is too slow for the run"
        default: break
        }
        var status: Int32 = 0
        if syrinx_helper_ended(helper.helper.process, &status) != 0 { return "it \(PluginHelper.words(status))" }
        return nil
    }

    /// Ends the helper, whatever it does; no answer comes from now on.
    func stop() {
        listen()
        if let shared { syrinx_lane_set_phase(shared, UInt32(SYRINX_LANE_DOWN)) }
        helper = nil
        if let shared { syrinx_lane_clear_failure(shared) }
    }

    /// Starts a new helper with the last values of all parameters.
    func restart() throws(PipelineError) {
        guard let shared, let activation else { return }
        for (index, parameter) in type.descriptor.parameters.enumerated() {
            var last = 0.0
            guard syrinx_lane_last(shared, UInt32(index), &last) != 0 else { continue }
            if case .integer = parameter.kind {
                values[index] = .integer(Int(last))
            } else {
                values[index] = .number(last)
            }
        }
        try serve(activation, shared)
    }
}
