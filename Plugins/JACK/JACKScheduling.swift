internal import Glibc

/// How the thread that calls is scheduled, in words. libjack asks for it; this says what it got.
func currentScheduling() -> String {
    var policy: Int32 = 0
    var parameters = sched_param()
    guard pthread_getschedparam(pthread_self(), &policy, &parameters) == 0 else { return "unknown" }
    switch policy & ~0x4000_0000 {  // Without SCHED_RESET_ON_FORK.
    case SCHED_FIFO: return "real time, SCHED_FIFO \(parameters.sched_priority)"
    case SCHED_RR: return "real time, SCHED_RR \(parameters.sched_priority)"
    default:
        return """
            not real time: the server runs without it (jackd -R), or the system refuses it to this user; allow it with the \
            line "@audio - rtprio 95" in /etc/security/limits.d/audio.conf, be in the group audio and log in again
            """
    }
}
