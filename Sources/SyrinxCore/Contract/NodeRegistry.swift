/// A node type that can be made: in-tree, a third party's, or one loaded at run time.
public struct NodeType: Sendable {
    public let descriptor: NodeDescriptor
    /// Makes a node from checked parameters.
    public let make: @Sendable (Parameters) throws(PipelineError) -> any NodeInstance

    public init(
        _ descriptor: NodeDescriptor, make: @escaping @Sendable (Parameters) throws(PipelineError) -> any NodeInstance
    ) {
        self.descriptor = descriptor
        self.make = make
    }
}

/// The node types and drivers that a program knows, by name.
public struct NodeRegistry: Sendable {
    private var types: [String: NodeType] = [:]
    private var driverTypes: [String: DriverType] = [:]

    public init() {}

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
        try register(NodeType(N.descriptor) { parameters throws(PipelineError) in try N(parameters) })
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
    var mistake: String? {
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
