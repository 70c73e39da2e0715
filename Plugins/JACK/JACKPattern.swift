/// A port's name, or a pattern of it as in a shell: `*` for any characters, `?` for one.
struct JACKPattern: Sendable, Hashable {
    let text: String
    private let characters: [Character]

    init(_ text: String) {
        self.text = text
        characters = Array(text)
    }

    /// True: it may match several names.
    var isPattern: Bool { characters.contains("*") || characters.contains("?") }

    /// True: the name is meant. In time proportional to both lengths at worst.
    func matches(_ name: String) -> Bool {
        if !isPattern { return name == text }
        let name = Array(name)
        var (at, next) = (0, 0)
        // Where the last star stands, and what it has swallowed so far.
        var star: Int?
        var swallowed = 0
        while next < name.count {
            if at < characters.count, characters[at] == "*" {
                star = at
                swallowed = next
                at += 1
            } else if at < characters.count, characters[at] == "?" || characters[at] == name[next] {
                at += 1
                next += 1
            } else if let star {
                swallowed += 1
                (at, next) = (star + 1, swallowed)
            } else {
                return false
            }
        }
        return characters[at...].allSatisfy { $0 == "*" }
    }

    /// True: the port is meant, by its name or one of its aliases.
    func matches(_ port: JACKPeer) -> Bool { matches(port.name) || port.aliases.contains { matches($0) } }
}
