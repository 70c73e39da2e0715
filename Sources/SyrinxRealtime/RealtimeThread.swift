internal import CSyrinxShims
internal import Glibc

/// Real-time scheduling and resident memory for the thread that calls.
public enum RealtimeThread {
    /// What the system said to the wish for real-time scheduling.
    public enum Scheduling: Sendable, Hashable {
        /// SCHED_FIFO with this priority.
        case realtime(priority: Int)
        /// None was wanted.
        case normal
        /// The system refused; the thread runs as any other. `reason` is the system's word.
        case refused(priority: Int, reason: String)

        /// One sentence for people, with what to do where it was refused.
        public var words: String {
            switch self {
            case .realtime(let priority): "real time, SCHED_FIFO \(priority)"
            case .normal: "not real time"
            case .refused(let priority, let reason):
                """
                not real time: the system refuses SCHED_FIFO \(priority) (\(reason)); allow it with the line \
                "@audio - rtprio 95" in /etc/security/limits.d/audio.conf, be in the group audio and log in again, or let \
                rtkit give it
                """
            }
        }
    }

    /// Asks for SCHED_FIFO for the calling thread.
    ///
    /// - Parameter priority: 1…99; 0: nothing is asked for. What is above the limit of this user (`ulimit -r`) is lowered
    ///   to the limit, if there is one.
    /// - Thread: the one that will render, before it does.
    public static func schedule(priority: Int) -> Scheduling {
        if priority <= 0 { return .normal }
        var status = syrinx_schedule_fifo(Int32(priority))
        if status == 0 { return .realtime(priority: priority) }
        let allowed = syrinx_realtime_limit()
        if allowed > 0, allowed < priority {
            status = syrinx_schedule_fifo(allowed)
            if status == 0 { return .realtime(priority: Int(allowed)) }
        }
        return .refused(priority: priority, reason: String(cString: strerror(status)))
    }

    /// Touches the stack that rendering may use, so that no page of it is missing later, and locks it in memory where the
    /// system allows that.
    ///
    /// - Returns: nil, or why it is not locked.
    /// - Thread: the one that will render, before it does.
    public static func lockStack() -> String? {
        let status = syrinx_lock_stack()
        return status == 0 ? nil : String(cString: strerror(status))
    }

    /// Locks memory that is there already, so that it is never paged out. Never all future memory.
    ///
    /// - Returns: nil, or why it is not locked: `ulimit -l` is the usual reason.
    /// - Thread: any but render.
    public static func lock(_ memory: UnsafeRawPointer, bytes: Int) -> String? {
        bytes == 0 || mlock(memory, bytes) == 0 ? nil : String(cString: strerror(errno))
    }
}
