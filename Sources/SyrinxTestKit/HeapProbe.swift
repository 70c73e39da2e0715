internal import CHeapProbe

/// How often `body` allocated, grew or freed memory on this thread. 0 under a sanitizer, where nothing is counted.
///
/// ```swift
/// #expect(heapCalls { renderer.render(block) } == 0)
/// ```
///
/// - Thread: any; counts the calling thread only.
public func heapCalls(_ body: () -> Void) -> Int {
    let before = syrinx_heap_calls()
    body()
    return Int(syrinx_heap_calls() - before)
}

/// False: the program runs under a sanitizer, and ``heapCalls(_:)`` is always 0.
public var heapProbeIsOn: Bool { syrinx_heap_probe_is_on() }
