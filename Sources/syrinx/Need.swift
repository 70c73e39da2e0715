internal import SyrinxCore

/// Something that a file takes from outside, however often it names it.
struct Need: Hashable {
    /// `variable`, `environment` or `file`.
    let kind: String
    let name: String
    var hasDefault: Bool
    var isSet: Bool

    /// Each thing once, in the order in which the file names it; the variables that it sets itself left out.
    static func list(_ references: [DocumentReference], given request: LoadRequest) -> [Need] {
        let given = Set(request.variables.map { String($0.prefix { $0 != "=" }) })
        var needs: [Need] = []
        for reference in references {
            let (kind, name) =
                switch reference.source {
                case .variable(let name) where reference.isSet && !given.contains(name): ("own", name)
                case .variable(let name): ("variable", name)
                case .environment(let name): ("environment", name)
                case .file(let path): ("file", path)
                }
            if kind == "own" { continue }
            if let known = needs.firstIndex(where: { $0.kind == kind && $0.name == name }) {
                // It can do without only if every place can.
                needs[known].hasDefault = needs[known].hasDefault && reference.hasDefault
            } else {
                needs.append(Need(kind: kind, name: name, hasDefault: reference.hasDefault, isSet: reference.isSet))
            }
        }
        return needs
    }

    /// `--var in (not set)`.
    var text: String {
        switch kind {
        case "variable": "--var \(name)=… (\(state))"
        case "environment": "environment variable \(name) (\(state))"
        default: "file \(Shown.plain(name, limit: 200))\(hasDefault ? " (has a default)" : "")"
        }
    }

    private var state: String { isSet ? "set" : hasDefault ? "not set, has a default" : "not set" }

    var value: Value {
        .object([
            .init("kind", .string(kind)), .init("name", .string(name)), .init("has_default", .boolean(hasDefault)),
            .init("is_set", .boolean(isSet)),
        ])
    }
}
