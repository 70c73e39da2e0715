internal import CSyrinxShims

/// The marks at both ends of a stretch of real-time code.
///
/// ```swift
/// let mode = RenderSection.enter()
/// …
/// RenderSection.leave(mode)
/// ```
///
/// Between them denormals are flushed, and under RealtimeSanitizer every lock, allocation and system call is an error.
public enum RenderSection {
    /// Thread: the one that renders. Returns: the floating-point mode to restore.
    public static func enter() -> UInt64 {
        let mode = syrinx_float_mode_enter()
        syrinx_realtime_enter()
        return mode
    }

    /// Thread: the one that entered.
    public static func leave(_ mode: UInt64) {
        syrinx_realtime_exit()
        syrinx_float_mode_leave(mode)
    }

    /// Makes RealtimeSanitizer look away from what this thread does until ``lookAgain()``: for one call into a library that
    /// takes a lock of its own which no other thread ever takes. The reason stands beside each call, a test counts the
    /// call's allocations (none), and `scripts/test style` has the list of all of them.
    ///
    /// - Thread: render, inside the section.
    public static func lookAway() { syrinx_realtime_look_away() }

    /// Ends what ``lookAway()`` began. Thread: the same.
    public static func lookAgain() { syrinx_realtime_look_again() }

    /// The processor's cycle counter. Thread: any.
    public static func cycleCounter() -> UInt64 { syrinx_cycle_counter() }
}

/// The thread that calls, as the system shows it.
public enum CurrentThread {
    /// Names it for `top -H` and debuggers; the system keeps the first 15 bytes.
    public static func setName(_ name: String) { syrinx_name_thread(name) }
}
