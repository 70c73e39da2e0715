internal import SyrinxCore

/// What an edit changes, in the terms of the file.
public struct EditChanges: Sendable, Hashable {
    /// Ids of nodes, in the file's order.
    public private(set) var added: [String] = []
    public private(set) var removed: [String] = []
    /// Nodes that began anew.
    public private(set) var replaced: [String] = []
    /// Live parameters that moved.
    public private(set) var moved: [PipelineEdit.Write] = []
    /// How many links came, and how many went.
    public private(set) var newLinks = 0
    public private(set) var goneLinks = 0

    init(from old: ResolvedPipeline, to new: ResolvedPipeline, _ difference: PipelineDifference) {
        let before = Set(old.nodes.map(\.id))
        let after = Set(new.nodes.map(\.id))
        for (index, node) in new.nodes.enumerated() where !node.isInserted && difference.nodes[index] == nil {
            if before.contains(node.id) { replaced.append(node.id) } else { added.append(node.id) }
        }
        removed = old.nodes.filter { !$0.isInserted && !after.contains($0.id) }.map(\.id)
        moved = difference.writes
        var left: [Written: Int] = [:]
        for link in old.checked.links { left[Written(link), default: 0] += 1 }
        for link in new.checked.links {
            if let count = left[Written(link)], count > 0 { left[Written(link)] = count - 1 } else { newLinks += 1 }
        }
        goneLinks = left.values.reduce(0, +)
    }

    /// Nothing that can be heard.
    public var isEmpty: Bool {
        added.isEmpty && removed.isEmpty && replaced.isEmpty && moved.isEmpty && newLinks == 0 && goneLinks == 0
    }

    /// One line: `added echo; trim.gain_db is -6; 2 links came, 1 went`.
    public var text: String {
        var parts: [String] = []
        func list(_ word: String, _ ids: [String]) {
            if !ids.isEmpty { parts.append("\(word) \(ids.joined(separator: ", "))") }
        }
        list("added", added)
        list("removed", removed)
        list("replaced", replaced)
        for write in moved { parts.append("\(write.node).\(write.name) is \(Wording.number(write.value))") }
        let links = [newLinks > 0 ? "\(count(newLinks)) came" : "", goneLinks > 0 ? "\(count(goneLinks)) went" : ""]
        let told = links.filter { !$0.isEmpty }
        if !told.isEmpty { parts.append(told.joined(separator: ", ")) }
        return parts.isEmpty ? "nothing that can be heard" : parts.joined(separator: "; ")
    }

    private func count(_ links: Int) -> String { links == 1 ? "1 link" : "\(links) links" }

    /// A link as the file says it.
    private struct Written: Hashable {
        let source: String
        let target: String
        let scale: Double
        let offset: Double
        let compensate: Bool

        init(_ link: CheckedPipeline.Link) {
            source = link.sourceText
            target = link.targetText
            scale = link.scale
            offset = link.offset
            compensate = link.compensate
        }
    }
}
