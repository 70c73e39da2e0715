public import CSyrinxPlugin

/// A node of a plugin in Swift: a final class. `syrinx_plugin.h` says what each function may do; threads are named here.
public protocol PluginNode: AnyObject {
    /// What the type is; made once.
    static var description: PluginType { get }

    /// Makes a node from checked values, one for each parameter, in their order. Thread: control.
    init(values: UnsafeBufferPointer<syrinx_value>)

    /// States what comes out for what goes in. Thread: control.
    func resolve(_ request: UnsafeMutablePointer<syrinx_request>) -> Bool

    /// Makes ready for `process`. Thread: control.
    func activate(_ setup: syrinx_setup) -> Bool

    /// Renders one slice of time; no allocation, no lock, no wait. Returns: false: an error. Thread: render.
    func process(_ block: UnsafePointer<syrinx_block>) -> Bool

    /// Back to the state after `activate`. Thread: render.
    func reset()
}

extension PluginNode {
    public func resolve(_ request: UnsafeMutablePointer<syrinx_request>) -> Bool { true }
}

/// What a node type is.
public struct PluginType: Sendable {
    public struct Port: Sendable {
        let name: String
        let kind: UInt32

        public static func audio(_ name: String) -> Port { Port(name: name, kind: UInt32(SYRINX_AUDIO)) }
        public static func control(_ name: String) -> Port { Port(name: name, kind: UInt32(SYRINX_CONTROL)) }
    }

    public struct Number: Sendable {
        let name: String
        let range: ClosedRange<Double>
        let initial: Double
        let unit: String
        let isLive: Bool
        let summary: String

        public init(
            _ name: String, in range: ClosedRange<Double>, default initial: Double, unit: String = "",
            live: Bool = false, _ summary: String
        ) {
            self.name = name
            self.range = range
            self.initial = initial
            self.unit = unit
            isLive = live
            self.summary = summary
        }
    }

    let name: String
    let summary: String
    let inputs: [Port]
    let outputs: [Port]
    let parameters: [Number]
    let worksInPlace: Bool

    public init(
        _ name: String, _ summary: String, inputs: [Port], outputs: [Port], parameters: [Number] = [],
        worksInPlace: Bool = false
    ) {
        self.name = name
        self.summary = summary
        self.inputs = inputs
        self.outputs = outputs
        self.parameters = parameters
        self.worksInPlace = worksInPlace
    }
}
