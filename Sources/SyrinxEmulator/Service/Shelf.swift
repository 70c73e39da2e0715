internal import SyrinxCore
internal import SyrinxEVI
internal import SyrinxRealtime

/// Configs, prompts, tools and voices, in memory, with their versions.
///
/// - Thread: any.
final class Shelf: Sendable {
    typealias Kind = RESTRequests.Kind

    struct Item: Sendable {
        var id: String
        var name: String
        /// As they were written, by version.
        var versions: [Int: Value] = [:]
        var times: [Int: Int] = [:]
        var nextVersion = 0

        var latest: Int? { versions.keys.max() }
    }

    struct Voice: Sendable {
        var id: String
        var name: String
        var provider: String
    }

    private struct State {
        var random: SeededRandom
        var items: [Kind: [Item]] = [:]
        var voices: [Voice] = []
    }

    private static let itemLimit = 10_000
    private let state: Locked<State>

    init(seed: UInt64) {
        var random = SeededRandom(seed: seed, "shelf")
        let names = ["Alder", "Birch", "Cedar", "Hazel", "Juniper", "Linden", "Rowan", "Willow"]
        let voices = names.map { Voice(id: random.uuid(), name: "Emulated \($0)", provider: "HUME_AI") }
        state = Locked(State(random: random, voices: voices))
    }

    // MARK: Configs, prompts, tools

    func items(_ kind: Kind) -> [Item] { state.withLock { $0.items[kind] ?? [] } }

    func item(_ kind: Kind, _ id: String) -> Item? { items(kind).first { $0.id == id } }

    /// - Returns: nil: too many.
    func create(_ kind: Kind, name: String, _ value: Value, at time: Int) -> Item? {
        state.withLock { state in
            guard state.items[kind, default: []].count < Self.itemLimit else { return nil }
            var item = Item(id: state.random.uuid(), name: name)
            item.add(value, at: time)
            state.items[kind, default: []].append(item)
            return item
        }
    }

    /// Changes an item; one without versions is gone.
    func change(_ kind: Kind, _ id: String, _ change: (inout Item) -> Void) -> Item? {
        state.withLock { state in
            guard let index = state.items[kind, default: []].firstIndex(where: { $0.id == id }) else { return nil }
            change(&state.items[kind]![index])
            let item = state.items[kind]![index]
            if item.versions.isEmpty { state.items[kind]!.remove(at: index) }
            return item
        }
    }

    // MARK: Voices

    var voices: [Voice] { state.withLock { $0.voices } }

    func voice(id: String?, name: String?) -> Voice? {
        voices.first { voice in id.map { $0 == voice.id } ?? name.map { $0 == voice.name } ?? false }
    }

    /// - Returns: nil: the name is taken.
    func createVoice(_ name: String) -> Voice? {
        state.withLock { state in
            guard !state.voices.contains(where: { $0.name == name }), state.voices.count < Self.itemLimit else {
                return nil
            }
            let voice = Voice(id: state.random.uuid(), name: name, provider: "CUSTOM_VOICE")
            state.voices.append(voice)
            return voice
        }
    }

    func deleteVoice(_ name: String) -> Bool {
        state.withLock { state in
            let count = state.voices.count
            state.voices.removeAll { $0.name == name && $0.provider == "CUSTOM_VOICE" }
            return state.voices.count < count
        }
    }
}

extension Shelf.Item {
    /// Versions that are kept; the oldest make way.
    private static let versionLimit = 100

    mutating func add(_ value: Value, at time: Int) {
        if versions.count >= Self.versionLimit, let oldest = versions.keys.min() { versions[oldest] = nil }
        versions[nextVersion] = value
        times[nextVersion] = time
        nextVersion += 1
    }
}

extension Shelf {
    /// A version in the shape in which it is read; nil: there is none.
    func value(_ kind: Kind, _ item: Item, _ version: Int? = nil) -> Value? {
        guard let number = version ?? item.latest, case .object(let written)? = item.versions[number] else {
            return nil
        }
        var members: [Value.Member] = [
            .init("id", .string(item.id)), .init("version", .integer(number)), .init("name", .string(item.name)),
        ]
        if kind != .configs { members.add("version_type", .string(version == nil ? "LATEST" : "FIXED")) }
        if kind == .tools { members.add("tool_type", .string("FUNCTION")) }
        let created = item.times.values.min() ?? 0
        members.add("created_on", .integer(created))
        members.add("modified_on", .integer(item.times[number] ?? created))
        for member in written where member.name != "name" {
            members.add(member.name, kind == .configs ? readable(member, created: created) : member.value)
        }
        return .object(members)
    }

    /// What is written by reference is read whole.
    private func readable(_ member: Value.Member, created: Int) -> Value? {
        switch member.name {
        case "prompt":
            if let id = member.value["id"]?.string, let item = item(.prompts, id) {
                return value(.prompts, item, member.value["version"]?.whole)
            }
            // A prompt without a place of its own.
            guard let text = member.value["text"] else { return nil }
            return .object([
                .init("id", .string("")), .init("version", .integer(0)), .init("version_type", .string("FIXED")),
                .init("name", .string("")), .init("text", text), .init("created_on", .integer(created)),
                .init("modified_on", .integer(created)),
            ])
        case "voice":
            guard let voice = voice(id: member.value["id"]?.string, name: member.value["name"]?.string) else {
                return nil
            }
            return voice.value
        case "tools":
            return .list(
                (member.value.list ?? []).compactMap { reference in
                    reference["id"]?.string.flatMap { item(.tools, $0) }.flatMap {
                        value(.tools, $0, reference["version"]?.whole)
                    }
                })
        case "builtin_tools":
            return .list(
                (member.value.list ?? []).map { tool in
                    var members: [Value.Member] = []
                    members.add("name", tool["name"])
                    members.add("tool_type", .string("BUILTIN"))
                    members.add("fallback_content", tool["fallback_content"])
                    return .object(members)
                })
        default: return member.value
        }
    }
}

extension Shelf.Voice {
    var value: Value {
        .object([
            .init("id", .string(id)), .init("name", .string(name)), .init("provider", .string(provider)),
            .init("compatible_octave_models", .list([.string("1"), .string("2")])),
        ])
    }
}

extension Value {
    var whole: Int? { if case .integer(let integer) = self { integer } else { nil } }
    var boolean: Bool? { if case .boolean(let boolean) = self { boolean } else { nil } }
}
