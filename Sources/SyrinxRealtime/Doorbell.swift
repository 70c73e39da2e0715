internal import CSyrinxShims

/// A bell that threads ring and sleep on; how an offline driver and its services wait for each other.
///
/// A waiter takes a ticket, looks whether what it wants is there, and sleeps only if the bell has not rung since:
///
/// ```swift
/// while true {
///     let ticket = bell.ticket()
///     if ring.readableCount >= wanted { break }
///     bell.wait(after: ticket)
/// }
/// ```
///
/// - Thread: any, but never the render section: ringing may be a system call, and waiting always is.
// SAFETY: every access to the word goes through the atomic operations of CSyrinxShims.
public final class Doorbell: @unchecked Sendable {
    private let bell: UnsafeMutablePointer<syrinx_bell>

    public init() {
        bell = .allocate(capacity: 1)
        bell.initialize(to: syrinx_bell(rings: 0, sleepers: 0))
    }

    deinit { bell.deallocate() }

    /// What the bell shows now, for ``wait(after:atMost:)``.
    public func ticket() -> UInt32 { syrinx_bell_ticket(bell) }

    /// Wakes whoever sleeps on the bell. Costs two atomic accesses where nobody does.
    public func ring() { syrinx_bell_ring(bell) }

    /// Sleeps until the bell rings, unless it has rung since `ticket` was taken; spurious returns are allowed.
    ///
    /// - Units: `nanoseconds` bounds the sleep, so that a lost partner is noticed.
    public func wait(after ticket: UInt32, atMost nanoseconds: Int64 = 100_000_000) {
        syrinx_bell_wait(bell, ticket, nanoseconds)
    }
}
