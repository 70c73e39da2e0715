internal import Glibc

/// How a thread is scheduled, in words. libjack asks for real time; this says what it got.
func schedulingWords(policy: Int32, priority: Int32) -> String {
    switch policy {
    case SCHED_FIFO: return "real time, SCHED_FIFO \(priority)"
    case SCHED_RR: return "real time, SCHED_RR \(priority)"
    default:
        return """
            not real time: the server runs without it (jackd -R), or the system refuses it to this user; allow it with the \
            line "@audio - rtprio 95" in /etc/security/limits.d/audio.conf, be in the group audio and log in again
            """
    }
}
