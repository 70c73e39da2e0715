/// Who feeds whom: strongly connected parts of a directed graph, in an order in which every part follows its sources.
///
/// Deterministic: where the graph leaves a choice, the smaller index comes first.
struct Topology {
    /// Each part is one node, or the nodes of a loop; sorted.
    let parts: [[Int]]
    /// The part of each node.
    let part: [Int]
    /// Nodes that feed a node; sorted, each once.
    let sources: [[Int]]

    /// - Parameter edges: `(from, to)` for nodes `0..<count`.
    init(count: Int, edges: [(Int, Int)]) {
        var targets = [[Int]](repeating: [], count: count)
        var sources = [[Int]](repeating: [], count: count)
        for (from, to) in Set(edges.map { Edge(from: $0, to: $1) }).map({ ($0.from, $0.to) }) {
            targets[from].append(to)
            sources[to].append(from)
        }
        self.sources = sources.map { $0.sorted() }
        let found = Self.components(targets.map { $0.sorted() })
        var part = [Int](repeating: 0, count: count)
        for (index, nodes) in found.enumerated() { for node in nodes { part[node] = index } }
        let order = Self.order(found, part: part, targets: targets)
        parts = order.map { found[$0] }
        var place = [Int](repeating: 0, count: found.count)
        for (new, old) in order.enumerated() { place[old] = new }
        self.part = part.map { place[$0] }
    }

    /// True: the nodes of the part feed each other.
    func isLoop(_ part: Int) -> Bool {
        parts[part].count > 1 || sources[parts[part][0]].contains(parts[part][0])
    }

    private struct Edge: Hashable {
        let from: Int
        let to: Int
    }

    /// Strongly connected components. Source: R. Tarjan, "Depth-First Search and Linear Graph Algorithms", 1972; with a
    /// stack of its own instead of recursion, so that depth is bounded by memory only.
    private static func components(_ targets: [[Int]]) -> [[Int]] {
        var index = [Int](repeating: -1, count: targets.count)
        var low = index
        var onStack = [Bool](repeating: false, count: targets.count)
        var (stack, components, next): ([Int], [[Int]], Int) = ([], [], 0)
        for root in targets.indices where index[root] < 0 {
            var calls: [(node: Int, edge: Int)] = [(root, 0)]
            while let (node, edge) = calls.last {
                if edge == 0 {
                    index[node] = next
                    low[node] = next
                    next += 1
                    stack.append(node)
                    onStack[node] = true
                }
                if edge < targets[node].count {
                    calls[calls.count - 1].edge += 1
                    let target = targets[node][edge]
                    if index[target] < 0 {
                        calls.append((target, 0))
                    } else if onStack[target] {
                        low[node] = min(low[node], index[target])
                    }
                    continue
                }
                calls.removeLast()
                if let parent = calls.last?.node { low[parent] = min(low[parent], low[node]) }
                guard low[node] == index[node] else { continue }
                var component: [Int] = []
                repeat {
                    component.append(stack.removeLast())
                    onStack[component[component.count - 1]] = false
                } while component[component.count - 1] != node
                components.append(component.sorted())
            }
        }
        return components
    }

    /// Components by their first node, every one after those that feed it.
    private static func order(_ components: [[Int]], part: [Int], targets: [[Int]]) -> [Int] {
        var waiting = [Int](repeating: 0, count: components.count)
        for (from, list) in targets.enumerated() {
            for to in list where part[from] != part[to] { waiting[part[to]] += 1 }
        }
        var ready = Heap(components.indices.filter { waiting[$0] == 0 }.map { (components[$0][0], $0) })
        var order: [Int] = []
        while let (_, component) = ready.pop() {
            order.append(component)
            for node in components[component] {
                for to in targets[node] where part[to] != component {
                    waiting[part[to]] -= 1
                    if waiting[part[to]] == 0 { ready.push((components[part[to]][0], part[to])) }
                }
            }
        }
        return order
    }
}

/// A binary heap of `(key, value)`; the smallest key leaves first.
private struct Heap {
    private var items: [(Int, Int)] = []

    init(_ items: [(Int, Int)]) { for item in items { push(item) } }

    mutating func push(_ item: (Int, Int)) {
        items.append(item)
        var child = items.count - 1
        while child > 0, items[child] < items[(child - 1) / 2] {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> (Int, Int)? {
        guard let first = items.first else { return nil }
        let last = items.removeLast()
        if items.isEmpty { return first }
        items[0] = last
        var parent = 0
        while true {
            let children = [2 * parent + 1, 2 * parent + 2].filter { $0 < items.count }
            guard let child = children.min(by: { items[$0] < items[$1] }), items[child] < items[parent] else {
                return first
            }
            items.swapAt(parent, child)
            parent = child
        }
    }
}
