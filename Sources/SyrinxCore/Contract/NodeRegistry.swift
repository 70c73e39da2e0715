/// A node type that can be made: in-tree, a third party's, or one loaded at run time.
public struct NodeType: Sendable {
    public let descriptor: NodeDescriptor
    /// Makes a node from checked parameters.
    public let make: @Sendable (Parameters) throws(PipelineError) -> any NodeInstance

    private let refine: (@Sendable (Parameters) throws(PipelineError) -> NodeDescriptor)?

    /// - Parameters:
    ///   - descriptor: what is known of every node of the type.
    ///   - refine: ``Node/descriptor(for:)`` of a type that has ``NodeDescriptor/refinedBy``.
    ///   - make: makes a node from checked parameters.
    public init(
        _ descriptor: NodeDescriptor,
        refine: (@Sendable (Parameters) throws(PipelineError) -> NodeDescriptor)? = nil,
        make: @escaping @Sendable (Parameters) throws(PipelineError) -> any NodeInstance
    ) {
        self.descriptor = descriptor
        self.refine = refine
        self.make = make
    }

    /// The descriptor of one node of the type.
    ///
    /// - Parameter parameters: what the file gives of the type's own parameters, checked.
    /// - Throws: what the node's author says; `.internal` if the descriptor breaks a rule of its own.
    public func descriptor(for parameters: Parameters) throws(PipelineError) -> NodeDescriptor {
        guard let refine else { return descriptor.made(for: parameters.values) }
        let refined = try refine(parameters)
        if let mistake = refined.mistake { throw PipelineError(.internal, at: parameters.path, mistake) }
        return refined
    }
}

/// The node types and drivers that a program knows, by name.
public struct NodeRegistry: Sendable {
    private var types: [String: NodeType] = [:]
    private var driverTypes: [String: DriverType] = [:]
    private var refusals: [String: String] = [:]

    public init() {}

    /// Notes why there is no type of a name although something with that name was found.
    public mutating func refuse(_ type: String, _ reason: String) {
        if refusals[type] == nil { refusals[type] = reason }
    }

    /// Why there is no type of a name, where that is known.
    public func refusal(of type: String) -> String? { types[type] == nil ? refusals[type] : nil }

    /// Adds a type.
    ///
    /// - Throws: `.internal` if the name is taken, or if the descriptor breaks a rule of its own.
    public mutating func register(_ type: NodeType) throws(PipelineError) {
        let name = type.descriptor.type
        if types[name] != nil {
            throw PipelineError(.internal, at: name, "a node type of this name is registered already")
        }
        if let mistake = type.descriptor.mistake {
            throw PipelineError(.internal, at: name, mistake)
        }
        types[name] = type
    }

    /// Adds a type that is described statically.
    public mutating func register<N: Node>(_ node: N.Type) throws(PipelineError) {
        let refine: @Sendable (Parameters) throws(PipelineError) -> NodeDescriptor = {
            parameters throws(PipelineError) in try N.descriptor(for: parameters)
        }
        try register(
            NodeType(N.descriptor, refine: N.descriptor.refinedBy == nil ? nil : refine) {
                parameters throws(PipelineError) in try N(parameters)
            })
    }

    /// Adds all types of a plugin.
    public mutating func register(_ plugin: any NodePlugin.Type) throws(PipelineError) {
        try plugin.register(into: &self)
    }

    /// Adds a driver.
    ///
    /// - Throws: `.internal` if the name is taken.
    public mutating func register(_ driver: DriverType) throws(PipelineError) {
        if driverTypes[driver.name] != nil {
            throw PipelineError(.internal, at: driver.name, "a driver of this name is registered already")
        }
        driverTypes[driver.name] = driver
    }

    public subscript(type: String) -> NodeType? { types[type] }

    /// The driver of a name.
    public func driver(_ name: String) -> DriverType? { driverTypes[name] }

    /// Names of all drivers, sorted.
    public var driverNames: [String] { driverTypes.keys.sorted() }

    /// All descriptors, by name.
    public var descriptors: [NodeDescriptor] { types.values.map(\.descriptor).sorted { $0.type < $1.type } }
}

/// A family of node types.
public protocol NodePlugin {
    /// Registers every type of the family.
    static func register(into registry: inout NodeRegistry) throws(PipelineError)
}

extension NodeDescriptor {
    /// What is wrong with the descriptor itself, if anything is.
    package var mistake: String? {
        let ports = inputs.map(\.name) + outputs.map(\.name)
        let names = parameters.map(\.name)
        if Set(inputs.map(\.name)).count != inputs.count || Set(outputs.map(\.name)).count != outputs.count {
            return "two ports of one direction share a name: \(ports)"
        }
        if Set(names).count != names.count { return "two parameters share a name" }
        if let taken = names.first(where: { ["type", "bypass"].contains($0) || $0.hasPrefix("x-") }) {
            return "the parameter name \(taken) belongs to the pipeline file"
        }
        if let listed = listedOutputs, !names.contains(listed.parameter) {
            return "its outputs are listed by \(listed.parameter), which is none of its parameters"
        }
        if let refinedBy, !parameters.contains(where: { $0.name == refinedBy && $0.required }) {
            return "it is refined by \(refinedBy), which is none of its required parameters"
        }
        if !events.isEmpty, !outputs.contains(where: { $0.kind == .events }) {
            return "it tells events, but has no events output to link them from"
        }
        for parameter in parameters where parameter.live {
            switch parameter.kind {
            case .number, .integer: break
            default: return "\(parameter.name) is live but no number"
            }
        }
        return nil
    }
}
