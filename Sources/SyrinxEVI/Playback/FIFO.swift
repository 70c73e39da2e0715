/// A queue in one array: what was taken is cut off now and then, so both ends cost a constant time.
struct FIFO<Element>: RandomAccessCollection {
    private var elements: [Element] = []
    private var head = 0

    var startIndex: Int { 0 }
    var endIndex: Int { elements.count - head }
    subscript(index: Int) -> Element {
        get { elements[head + index] }
        set { elements[head + index] = newValue }
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
