/// A queue in one array: what was taken is cut off now and then, so both ends cost a constant time.
struct FIFO<Element>: RandomAccessCollection {
    private var elements: [Element] = []
    private var head = 0

    var startIndex: Int { 0 }
    var endIndex: Int { elements.count - head }
    subscript(index: Int) -> Element {
        // In place, so that looking at a member of an element counts no references of the others.
        _read { yield elements[head + index] }
        _modify { yield &elements[head + index] }
    }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        let element = elements[head]
        head += 1
        if head >= 32, head * 2 >= elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    mutating func removeAll() {
        elements = []
        head = 0
    }
}
extension FIFO: Sendable where Element: Sendable {}
