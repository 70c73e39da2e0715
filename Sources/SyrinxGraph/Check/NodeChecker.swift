internal import SyrinxCore

/// Checks the nodes of a document against their descriptors and makes them.
struct NodeChecker {
    /// A node as far as it could be understood; links are checked against all of them.
    struct Entry {
        let id: String
        let position: SourcePosition?
        /// nil: its type is unknown, and links to it are taken on trust.
        let descriptor: NodeDescriptor?
        let node: CheckedPipeline.Node?
    }

    /// Stands for a secret that is not looked up in this run.
    private static let unknownSecret = "unknown"

    let registry: NodeRegistry
    let directory: String
    private(set) var entries: [Entry] = []
    private(set) var faults: [Fault] = []
    private(set) var reads: [(node: String, path: String)] = []
    private(set) var writes: [(node: String, path: String)] = []
    private(set) var secrets: [String] = []

    init(registry: NodeRegistry, directory: String) {
        self.registry = registry
        self.directory = directory
    }

    mutating func check(_ node: DocumentNode) {
        let path = "nodes.\(node.id)"
        guard let type = registry[node.type] else {
            defer { entries.append(Entry(id: node.id, position: node.position, descriptor: nil, node: nil)) }
            if node.type.isEmpty { return }  // The reader has told that it is missing.
            let hint = NearestName.suggestion(node.type, among: registry.descriptors.map(\.type))
            if let reason = registry.refusal(of: node.type) {
                fault(
                    "found \(Shown.quoted(node.type)), whose plugin is refused: \(Shown.plain(reason, limit: 600))",
                    at: "\(path).type", node.typePosition ?? node.position)
                return
            }
            let message =
                #"found \#(Shown.quoted(node.type)), no such node type\#(hint.isEmpty ? "; syrinx nodes lists them" : hint)"#
            fault(message, at: "\(path).type", node.typePosition ?? node.position)
            return
        }
        let known = faults.count
        guard let own = refined(node, type, at: path) else {
            return entries.append(Entry(id: node.id, position: node.position, descriptor: nil, node: nil))
        }
        var (values, open) = parameters(of: node, own, at: path)
        let descriptor = own.made(for: values)
        let bypass = values.removeValue(forKey: "bypass") == .boolean(true)
        var instance: (any NodeInstance)?
        // A warning (a secret in the file) is no reason not to make it.
        if !faults[known...].contains(where: { $0.severity == .error }), !open {
            do throws(PipelineError) {
                instance = try type.make(Parameters(path: path, values: values, directory: directory))
            } catch {
                faults.append(Fault(error, position: position(of: error, in: node, at: path)))
            }
        }
        entries.append(
            Entry(
                id: node.id, position: node.position, descriptor: descriptor,
                node: .init(
                    id: node.id, descriptor: descriptor, instance: instance, values: values, bypass: bypass,
                    position: node.position)))
    }

    /// The node's own descriptor: the type's, or what it becomes by the value that decides it; nil: a fault was noted.
    private mutating func refined(_ node: DocumentNode, _ type: NodeType, at path: String) -> NodeDescriptor? {
        guard let decisive = type.descriptor.refinedBy else { return type.descriptor }
        var values: [String: Value] = [:]
        for parameter in type.descriptor.parameters {
            guard let member = node.parameters.first(where: { $0.name == parameter.name }) else { continue }
            var checker = ValueChecker(directory: directory)
            let place = path + Shown.step(member.name)
            switch checker.check(member.value, as: parameter.kind, unit: parameter.unit, at: place) {
            case .value(let value): values[member.name] = value
            case .open where member.name == decisive:
                fault(
                    "what the node is depends on it, and it is not looked up here; write it out, or give it by --var",
                    at: place, member.value.position)
                return nil
            case .faulty:
                faults += checker.faults
                return nil
            case .open, .unset: break
            }
        }
        guard values[decisive] != nil else {
            // As for any required parameter that is missing.
            _ = parameters(of: node, type.descriptor, at: path)
            return nil
        }
        do throws(PipelineError) {
            return try type.descriptor(for: Parameters(path: path, values: values, directory: directory))
        } catch {
            faults.append(Fault(error, position: position(of: error, in: node, at: path)))
            return nil
        }
    }

    /// Where the parameter stands that an error names, else the node.
    private func position(of error: PipelineError, in node: DocumentNode, at path: String) -> SourcePosition? {
        let name = error.path.dropFirst(path.count + 1).prefix { $0 != "[" && $0 != "." }
        return node.parameters.first { $0.name == name }?.value.position ?? node.position
    }

    /// The checked values, and whether a reference among them is not looked up in this run.
    private mutating func parameters(
        of node: DocumentNode, _ descriptor: NodeDescriptor, at path: String
    ) -> (values: [String: Value], open: Bool) {
        var values: [String: Value] = [:]
        var unanswered: Set<String> = []
        for member in node.parameters where !member.name.hasPrefix("x-") {
            let place = path + Shown.step(member.name)
            guard let parameter = parameter(member.name, of: descriptor) else {
                fault(unknown(member.name, descriptor), at: place, member.namePosition)
                continue
            }
            if parameter.secret { noteSecret(member.value, at: place) }
            var checker = ValueChecker(directory: directory)
            switch checker.check(member.value, as: parameter.kind, unit: parameter.unit, at: place) {
            case .value(let value): values[member.name] = value
            // What a node looks like does not depend on a secret, and what runs has it.
            case .open where parameter.secret: values[member.name] = .string(Self.unknownSecret)
            case .open: unanswered.insert(member.name)
            case .unset: break
            case .faulty: unanswered.insert(member.name)
            }
            faults += parameter.secret ? checker.faults.map(masked) : checker.faults
        }
        var open = !unanswered.isEmpty
        for parameter in descriptor.parameters where values[parameter.name] == nil {
            if unanswered.contains(parameter.name) { continue }
            if let value = parameter.defaultValue {
                values[parameter.name] = value
            } else if parameter.required {
                let message = #""\#(descriptor.type)" needs \#(parameter.name): \#(parameter.summary)"#
                fault(message, at: path, node.position)
                open = true
            }
        }
        for parameter in descriptor.parameters {
            guard case .path(let use) = parameter.kind, let file = values[parameter.name]?.string else { continue }
            if use == .read { reads.append((node.id, file)) } else { writes.append((node.id, file)) }
        }
        return (values, open)
    }

    private func parameter(_ name: String, of descriptor: NodeDescriptor) -> ParameterDescriptor? {
        if name == "bypass", descriptor.isProcessor {
            return .boolean("bypass", "The input goes straight to the output.")
        }
        return descriptor.parameters.first { $0.name == name }
    }

    private func unknown(_ name: String, _ descriptor: NodeDescriptor) -> String {
        if name == "bypass" { return #""\#(descriptor.type)" is no processor: there is nothing to bypass"# }
        return #"no such parameter of "\#(descriptor.type)""#
            + NearestName.suggestion(name, among: descriptor.parameters.map(\.name))
    }

    private mutating func noteSecret(_ value: DocumentValue, at place: String) {
        guard case .string(let text) = value.content, !text.text.isEmpty else { return }
        secrets.append(text.text)
        if text.isTypedOnCommandLine {
            let message =
                "a secret does not belong on the command line, where every user can read it; use ${env:NAME} or ${file:PATH}"
            faults.append(Fault(PipelineError(.usage, at: place, message), position: value.position))
        } else if !text.comesFromOutside {
            let message = "a secret stands in the file; use ${env:NAME} or ${file:PATH}"
            faults.append(
                Fault(
                    PipelineError(.invalidParameter, at: place, message), severity: .warning, position: value.position))
        }
    }

    /// The same fault without the words that may hold the secret.
    private func masked(_ fault: Fault) -> Fault {
        Fault(
            PipelineError(fault.error.code, at: fault.error.path, "the secret is not of the kind that is expected"),
            severity: fault.severity, position: fault.position)
    }

    private mutating func fault(_ message: String, at path: String, _ position: SourcePosition?) {
        faults.append(Fault(PipelineError(.invalidParameter, at: path, message), position: position))
    }
}
