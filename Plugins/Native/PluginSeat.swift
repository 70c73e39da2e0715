internal import CPluginHost
internal import Glibc
internal import SyrinxCore
internal import SyrinxPlugin
internal import SyrinxRealtime

/// A plugin as its helper process holds it: answers what ``IsolatedHost`` and others ask.
struct PluginSeat {
    let file: String
    /// To whoever asks.
    let channel: HelperChannel
    private var handle: NodeHandle?
    private var shared: OpaquePointer?
    private var widths: [UInt32] = []
    private var inputCount = 0
    private var isPaced = false

    init(file: String, channel: HelperChannel) { (self.file, self.channel) = (file, channel) }

    private static let nonsense = PipelineError(.internal, "the question cannot be read")

    mutating func answer(_ question: inout TokenReader, into answer: inout TokenList) throws(PipelineError) {
        switch question.text() {
        case "describe": try PluginLibrary.load(file).description.write(to: &answer)
        case "create": try create(&question)
        case "resolve": try resolve(&question, into: &answer)
        case "activate": try activate(&question)
        default: throw PipelineError(.internal, "no such question")
        }
    }

    /// Runs the trials if that is the question; each report is a message.
    func check(_ question: TokenReader) throws(PipelineError) -> Bool {
        var first = question
        guard first.text() == "check" else { return false }
        let library = try PluginLibrary.load(file)
        PluginTrials(library: library) { report in
            switch report {
            case .begins(let rule): channel.send(TokenList(["begins", rule]))
            case .passed: channel.send(TokenList(["passed"]))
            case .failed(let reason): channel.send(TokenList(["failed", reason]))
            }
        }.run()
        channel.send(TokenList(["done"]))
        return true
    }

    /// Renders until the other end has gone, if that is the question.
    func serve(_ question: TokenReader) -> Bool {
        var first = question
        guard first.text() == "serve", let handle, let shared else { return false }
        if isPaced {
            // Before everything that waits for nobody, behind every thread of an audio server; a plugin that never gives the
            // processor back is ended by the system.
            syrinx_helper_bound_realtime()
            _ = RealtimeThread.schedule(priority: 1)
            _ = RealtimeThread.lockStack()
        }
        _ = syrinx_lane_serve(
            shared, handle.entry.type, handle.node, channel.file, UInt32(inputCount),
            UInt32(widths.count - inputCount), widths)
        return true
    }

    private mutating func create(_ question: inout TokenReader) throws(PipelineError) {
        let library = try PluginLibrary.load(file)
        let name = question.text()
        guard let entry = library.entries.first(where: { $0.description.descriptor.type == name }),
            let values = question.list(most: DescriptorReader.mostParameters, { $0.value() }),
            values.count == entry.description.descriptor.parameters.count
        else { throw Self.nonsense }
        handle = try NodeHandle(entry, values: values.map { $0 == .null ? nil : $0 }, path: "")
    }

    private func resolve(_ question: inout TokenReader, into answer: inout TokenList) throws(PipelineError) {
        guard let handle, let master = question.integer(),
            let inputs = question.list(
                most: DescriptorReader.mostPorts,
                { reader -> PartialFormat?? in
                    guard let isLinked = reader.integer(), let rate = reader.integer(), let channels = reader.integer()
                    else { return nil }
                    if isLinked == 0 { return .some(nil) }
                    return PartialFormat(rate: rate == 0 ? nil : rate, channels: channels == 0 ? nil : channels)
                })
        else { throw Self.nonsense }
        let outputs = try handle.resolve(
            FormatRequest(access: .nothing, inputs: inputs, masterRate: master == 0 ? nil : master))
        answer.append(outputs.count)
        for output in outputs {
            if output.needs != nil {
                throw PipelineError(
                    .invalidGraph, "a plugin that closes a loop cannot run in a process of its own; take isolate out")
            }
            let numbers = [
                output.format.rate ?? 0, output.format.channels ?? 0, output.latency.roundedDown, output.tail,
            ]
            for number in numbers { answer.append(number) }
        }
    }

    private mutating func activate(_ question: inout TokenReader) throws(PipelineError) {
        func port(_ reader: inout TokenReader) -> (format: StreamFormat, frames: Int)? {
            guard let rate = reader.integer(), let channels = reader.integer(), let frames = reader.integer() else {
                return nil
            }
            return (StreamFormat(rate: rate, channels: channels), frames)
        }
        guard let handle, let master = question.integer(), let isPaced = question.integer(),
            let size = question.integer(), let inputs = question.list(most: DescriptorReader.mostPorts, port),
            let outputs = question.list(most: DescriptorReader.mostPorts, port)
        else { throw Self.nonsense }
        // Descriptor 4 is the memory.
        shared = syrinx_lane_map(4, size)
        if shared == nil {
            throw PipelineError(
                .unavailable, "its helper cannot map the shared memory", cause: String(cString: strerror(errno)))
        }
        inputCount = inputs.count
        widths = (inputs + outputs).map { UInt32($0.format.channels) }
        self.isPaced = isPaced == 1
        handle.speak(to: EventSender { [channel] event, fields in channel.tell(event, fields.map(\.value)) })
        try handle.activate(
            Setup(
                id: "isolated",
                inputs: inputs.map {
                    .init(format: $0.format, latency: 0, largestBlock: $0.frames, isConnected: true)
                },
                outputs: outputs.map { .init(format: $0.format, largestBlock: $0.frames, isConnected: true) },
                masterRate: master, isPaced: isPaced == 1))
    }
}

extension TokenList {
    /// A value of a parameter, with its kind.
    mutating func append(value: Value?) {
        switch value {
        case .number(let number)?: append("n\(number)")
        case .integer(let integer)?: append("i\(integer)")
        case .boolean(let isTrue)?: append(isTrue ? "b1" : "b0")
        case .string(let text)?: append("s" + text)
        default: append("-")
        }
    }
}

extension TokenReader {
    /// A value of a parameter; `.null` stands for none.
    mutating func value() -> Value? {
        guard let text = text(), let kind = text.first else { return nil }
        let rest = String(text.dropFirst())
        switch kind {
        case "n": return Double(rest).map(Value.number)
        case "i": return Int(rest).map(Value.integer)
        case "b": return .boolean(rest == "1")
        case "s": return .string(rest)
        case "-": return .null
        default: return nil
        }
    }
}
