internal import SyrinxCore
internal import SyrinxEVI

/// The tools of a session as the file names them.
struct EVITools: Sendable {
    let specs: [ToolSpec]
    /// Those that are programs, by name.
    let programs: [String: ToolProcess.Command]
    /// What they run, in the file's order, for `explain`.
    let shown: [String]
    let builtin: [SessionSettings.BuiltinTool]?

    private static let longestCommand = 256

    init(_ parameters: Parameters) throws(PipelineError) {
        var specs: [ToolSpec] = []
        var programs: [String: ToolProcess.Command] = [:]
        var shown: [String] = []
        if case .object(let members)? = parameters.value("tools") {
            for member in members {
                let place = "tools\(Shown.step(member.name))"
                guard !member.name.isEmpty else {
                    throw parameters.error("tools", "found a tool without a name, expected one")
                }
                specs.append(try Self.spec(member, place, parameters))
                guard let words = try Self.words(member, place, parameters) else { continue }
                do throws(PipelineError) {
                    programs[member.name] = try ToolProcess.Command(words, environment: Self.environment(member))
                } catch {
                    throw parameters.error("\(place).\(error.path)", error.message)
                }
                shown.append(words.joined(separator: " "))
            }
        }
        self.specs = specs
        self.programs = programs
        self.shown = shown
        builtin = try Self.builtin(parameters)
    }

    private static func spec(
        _ member: Value.Member, _ place: String, _ parameters: Parameters
    ) throws(PipelineError) -> ToolSpec {
        var schema = #"{"type":"object","properties":{}}"#
        switch member.value["parameters"] {
        case nil, .null: break
        case .object(let members): schema = Value.object(members).json()
        case .some(let other):
            throw parameters.error(
                "\(place).parameters", "found \(Shown.plain(other.json())), expected a JSON Schema: an object")
        }
        let tool = SessionSettings.Tool(
            member.name, parameters: schema, description: member.value["description"]?.string,
            fallbackContent: member.value["fallback_content"]?.string)
        return ToolSpec(tool, timeout: .seconds(member.value["timeout_s"]?.double ?? 10))
    }

    /// The words of the command; nil: none, commands answer.
    private static func words(
        _ member: Value.Member, _ place: String, _ parameters: Parameters
    ) throws(PipelineError) -> [String]? {
        let found: String
        switch member.value["command"] {
        case .null: return nil
        case .list(let entries):
            let words = entries.compactMap(\.string)
            if words.count == entries.count, !words.isEmpty, words.count <= longestCommand { return words }
            found = Shown.plain(Value.list(entries).json(), limit: 80)
        case nil: found = "none"
        case .some(let other): found = Shown.plain(other.json(), limit: 80)
        }
        throw parameters.error(
            "\(place).command",
            "found \(found), expected a list of program and arguments, or null for one that commands answer")
    }

    private static func environment(_ member: Value.Member) -> [String: String] {
        guard case .object(let variables)? = member.value["env"] else { return [:] }
        return Dictionary(variables.map { ($0.name, $0.value.string ?? "") }, uniquingKeysWith: { $1 })
    }

    private static func builtin(_ parameters: Parameters) throws(PipelineError) -> [SessionSettings.BuiltinTool]? {
        guard let list = try parameters.optionalList("builtin_tools") else { return nil }
        var tools: [SessionSettings.BuiltinTool] = []
        for (index, entry) in list.enumerated() {
            guard let name = entry.string ?? entry["name"]?.string, !name.isEmpty else {
                throw parameters.error(
                    "builtin_tools[\(index)]",
                    "found \(Shown.plain(entry.json(), limit: 80)), expected \"web_search\", \"hang_up\", or an object with a name"
                )
            }
            tools.append(SessionSettings.BuiltinTool(name, fallbackContent: entry["fallback_content"]?.string))
        }
        return tools
    }
}
