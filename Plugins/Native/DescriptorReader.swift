internal import CPluginHost
internal import Glibc
internal import SyrinxCore
internal import SyrinxPlugin

/// Reads a plugin's structures. Everything is bounded: counts, lengths of texts, ranges; what is amiss is told by name.
///
/// A pointer that leads nowhere cannot be seen beforehand: therefore files are first read in a process of their own.
struct DescriptorReader {
    static let mostTypes = 64
    static let mostPorts = 32
    static let mostParameters = 256
    static let mostEvents = 64
    static let mostChoices = 128
    static let nameLength = 64
    static let lineLength = 400
    static let textLength = 16_384
    /// No structure of any version is larger.
    static let largestStructure = 4_096

    /// A structure of at most the size that its first member states; what lies beyond is 0.
    ///
    /// - Throws: if it is smaller than in the first version, or larger than any.
    static func load<T: BitwiseCopyable>(_ address: UnsafeRawPointer, as type: T.Type, _ name: String)
        throws(PipelineError) -> T
    {
        guard Int(bitPattern: address) % 8 == 0 else { throw wrong("\(name) does not lie at a multiple of 8 bytes") }
        let size = Int(address.load(as: UInt32.self))
        let least = MemoryLayout<T>.stride
        guard (least...largestStructure).contains(size) else {
            throw wrong("\(name).size is \(size), expected \(least)…\(largestStructure); write sizeof(syrinx_\(name))")
        }
        return address.loadUnaligned(as: T.self)
    }

    /// Element `index` of an array that is walked by the size of its first element.
    static func element<T: BitwiseCopyable>(_ array: UnsafePointer<T>?, _ index: Int, _ name: String)
        throws(PipelineError) -> T
    {
        guard let array else { throw wrong("the array of \(name)s is NULL but its count is not 0") }
        let stride = Int(UnsafeRawPointer(array).load(as: UInt32.self))
        _ = try load(array, as: T.self, name)
        return try load(UnsafeRawPointer(array) + index * stride, as: T.self, "\(name)")
    }

    static func text(
        _ pointer: UnsafePointer<CChar>?, _ name: String, limit: Int = lineLength, required: Bool = false
    ) throws(PipelineError) -> String {
        guard let pointer else {
            if required { throw wrong("\(name) is NULL") }
            return ""
        }
        let length = strnlen(pointer, limit + 1)
        if length > limit { throw wrong("\(name) is longer than \(limit) bytes, or has no end") }
        let bytes = UnsafeBufferPointer(
            start: UnsafeRawPointer(pointer).assumingMemoryBound(to: UInt8.self), count: length)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw wrong("\(name) is not UTF-8") }
        if required, text.isEmpty { throw wrong("\(name) is empty") }
        return text
    }

    /// A name: lower-case letters, digits and `_`; a type's may hold `-` and `.` too.
    static func name(_ pointer: UnsafePointer<CChar>?, _ what: String, more: String = "") throws(PipelineError)
        -> String
    {
        let text = try text(pointer, what, limit: nameLength, required: true)
        let letters = "abcdefghijklmnopqrstuvwxyz"
        guard let first = text.first, letters.contains(first),
            text.allSatisfy({ letters.contains($0) || "0123456789_".contains($0) || more.contains($0) })
        else {
            throw wrong(
                "\(what) is \(Shown.quoted(text)), expected lower-case letters, digits and _, beginning with a letter")
        }
        return text
    }

    static func wrong(_ message: String) -> PipelineError { PipelineError(.invalidParameter, message) }

    static func count(_ count: UInt32, _ what: String, most: Int) throws(PipelineError) -> Int {
        guard count <= most else { throw wrong("it has \(count) \(what), expected at most \(most)") }
        return Int(count)
    }

    static func describe(_ pointer: UnsafePointer<syrinx_type>) throws(PipelineError) -> TypeDescription {
        let type = try load(pointer, as: syrinx_type.self, "type")
        let name = try name(type.name, "the type's name", more: "-.")
        do throws(PipelineError) {
            return try describe(type, named: name)
        } catch {
            throw PipelineError(error.code, at: name, error.message)
        }
    }

    private static func describe(_ type: syrinx_type, named name: String) throws(PipelineError) -> TypeDescription {
        let (inputs, channels) = try ports(type.inputs, type.input_count, "inputs")
        let (outputs, _) = try ports(type.outputs, type.output_count, "outputs")
        if type.create == nil || type.activate == nil || type.process == nil || type.reset == nil
            || type.deactivate == nil || type.destroy == nil
        {
            throw wrong("one of create, activate, process, reset, deactivate, destroy is NULL")
        }
        var parameters: [ParameterDescriptor] = []
        for index in 0..<(try count(type.parameter_count, "parameters", most: mostParameters)) {
            parameters.append(try parameter(element(type.parameters, index, "parameter")))
        }
        if let taken = parameters.first(where: { $0.name == TypeDescription.isolateName }) {
            throw wrong("the parameter name \(taken.name) belongs to the host")
        }
        var events: [EventDescriptor] = []
        for index in 0..<(try count(type.event_count, "events", most: mostEvents)) {
            events.append(try event(element(type.events, index, "event")))
        }
        let descriptor = NodeDescriptor(
            type: name, summary: try text(type.summary, "the type's summary", required: true), inputs: inputs,
            outputs: outputs, parameters: parameters, events: events,
            worksInPlace: type.flags & UInt32(SYRINX_WORKS_IN_PLACE) != 0,
            details: try text(type.details, "the type's details", limit: textLength))
        return TypeDescription(descriptor: descriptor, inputChannels: channels)
    }

    private static func ports(
        _ array: UnsafePointer<syrinx_port>?, _ count: UInt32, _ what: String
    ) throws(PipelineError) -> (ports: [PortDescriptor], channels: [Int]) {
        var ports: [PortDescriptor] = []
        var channels: [Int] = []
        for index in 0..<(try Self.count(count, what, most: mostPorts)) {
            let port: syrinx_port = try element(array, index, "port")
            let name = try name(port.name, "the name of \(what)[\(index)]")
            let summary = try text(port.summary, "\(name)'s summary")
            guard (0...1024).contains(port.channels) else {
                throw wrong("port \(name) asks for \(port.channels) channels, expected 0…1024")
            }
            switch port.kind {
            case UInt32(SYRINX_AUDIO):
                ports.append(
                    .audio(
                        name, mixesDown: port.flags & UInt32(SYRINX_PORT_MIXES_DOWN) != 0, summary))
                channels.append(Int(port.channels))
            case UInt32(SYRINX_CONTROL):
                ports.append(.control(name, unit: unit(try text(port.unit, "\(name)'s unit")), summary))
                channels.append(0)
            default: throw wrong("port \(name) is of kind \(port.kind), expected SYRINX_AUDIO or SYRINX_CONTROL")
            }
        }
        return (ports, channels)
    }

    /// What later versions may add is shown without a unit.
    private static func unit(_ text: String) -> Unit { Unit(rawValue: text) ?? .none }

    private static func parameter(_ source: syrinx_parameter) throws(PipelineError) -> ParameterDescriptor {
        let name = try name(source.name, "a parameter's name")
        let summary = try text(source.summary, "\(name)'s summary")
        let isLive = source.flags & UInt32(SYRINX_LIVE) != 0
        let isRequired = source.flags & UInt32(SYRINX_REQUIRED) != 0
        let (low, high, initial) = (source.lowest, source.highest, source.initial)
        var value: Value?
        let kind: ParameterKind
        switch source.kind {
        case UInt32(SYRINX_NUMBER):
            guard low.isFinite, high.isFinite, low <= high else {
                throw wrong("\(name) ranges from \(low) to \(high), expected two finite numbers in order")
            }
            kind = .number(low...high)
            value = .number(initial)
        case UInt32(SYRINX_INTEGER):
            let most = 9e15
            guard abs(low) <= most, abs(high) <= most, low <= high, low == low.rounded(), high == high.rounded() else {
                throw wrong("\(name) ranges from \(low) to \(high), expected two whole numbers in order")
            }
            kind = .integer(Int(low)...Int(high))
            value = initial.isFinite && abs(initial) <= most ? .integer(Int(initial)) : nil
        case UInt32(SYRINX_BOOLEAN):
            kind = .boolean
            value = .boolean(initial != 0)
        case UInt32(SYRINX_CHOICE):
            let words = try words(source.choices, source.choice_count, "choices of \(name)", most: mostChoices)
            guard !words.isEmpty, initial >= 0, initial < Double(words.count) else {
                throw wrong("\(name) has \(words.count) choices, and number \(initial) is its default")
            }
            kind = .choice(words)
            value = .string(words[Int(initial)])
        case UInt32(SYRINX_STRING):
            kind = .string
            value =
                source.initial_text == nil
                ? nil : .string(try text(source.initial_text, "\(name)'s default", limit: textLength))
        default: throw wrong("\(name) is of kind \(source.kind), expected SYRINX_NUMBER … SYRINX_STRING")
        }
        if let number = value?.double, !isRequired, !(low...high).contains(number) {
            throw wrong("\(name) has the default \(number), expected \(low)…\(high)")
        }
        return ParameterDescriptor(
            name, kind, unit: unit(try text(source.unit, "\(name)'s unit")), default: isRequired ? nil : value,
            required: isRequired, live: isLive, secret: source.flags & UInt32(SYRINX_SECRET) != 0, summary)
    }

    private static func event(_ source: syrinx_event) throws(PipelineError) -> EventDescriptor {
        let name = try name(source.name, "an event's name")
        let fields = try words(source.fields, source.field_count, "fields of \(name)", most: RenderEvent.valueCount)
        return EventDescriptor(name, fields: fields, try text(source.summary, "\(name)'s summary"))
    }

    private static func words(
        _ array: UnsafePointer<UnsafePointer<CChar>?>?, _ count: UInt32, _ what: String, most: Int
    ) throws(PipelineError) -> [String] {
        let count = try Self.count(count, what, most: most)
        if count == 0 { return [] }
        guard let array else { throw wrong("the \(what) are NULL but their count is not 0") }
        var words: [String] = []
        for index in 0..<count { words.append(try name(array[index], "one of the \(what)", more: "-")) }
        return words
    }
}
