internal import Glibc
internal import Synchronization
public import SyrinxCore
internal import SyrinxRealtime

/// Turns SIGINT, SIGTERM and SIGHUP into ``Run/stop()``, and SIGUSR1 into ``Run/panic(_:)`` and back.
///
/// A SIGHUP that somebody sends to a live run makes it read its file again; one that the system sends, since the terminal is
/// gone, stops it.
///
/// The first signal stops the run that is watched, or ends the process where there is none yet and none comes soon; a second
/// one ends the process at once. What comes right after the first is the same one: some tools send it to the process and to
/// its group.
public final class SignalWatch: Sendable {
    private struct State {
        var run: Run?
        /// What stops whatever else goes on.
        var stop: (@Sendable () -> Void)?
        var signal: Int32?
        /// When it came, in nanoseconds.
        var signalTime: UInt64 = 0
        var isPanic = false
        var onHangup: (@Sendable () -> Void)?
    }

    /// For so long a second signal is the first one's echo, and a run that is being prepared is waited for: 0.5 s.
    private static let patience: UInt64 = 500_000_000

    private let state = Locked(State())

    /// Begins to watch, in a thread of its own, for as long as the process lives.
    ///
    /// - Throws: `.unavailable` if the system gives no thread.
    /// - Thread: main, before any other is started: threads inherit that the signals are blocked.
    public init() throws(PipelineError) {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGUSR1)
        // A run under nohup outlives its terminal.
        if !Self.isIgnored(SIGHUP) { sigaddset(&signals, SIGHUP) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let watched = signals
        let thread = try ServiceThread(name: "signals") { [self] in
            var signals = watched
            while true {
                var info = siginfo_t()
                let signal = sigwaitinfo(&signals, &info)
                if signal > 0 { take(signal, isSent: info.si_code <= 0) }
            }
        }
        thread.detach()
    }

    /// The run that a signal stops from now on; nil: none.
    ///
    /// - Parameters:
    ///   - run: what SIGINT and SIGTERM end.
    ///   - onHangup: called for a SIGHUP that was sent, on the watch's thread; nil: it stops the run, too.
    public func watch(_ run: Run?, onHangup: (@Sendable () -> Void)? = nil) {
        let hasCome = state.withLock { state in
            state.run = run
            state.onHangup = onHangup
            return state.signal != nil
        }
        if hasCome { run?.stop() }
    }

    /// What a signal does from now on where not one run but many go on. Thread: any; it is called on the watch's.
    public func watch(_ stop: @escaping @Sendable () -> Void) {
        let hasCome = state.withLock { state in
            (state.run, state.onHangup, state.stop) = (nil, nil, stop)
            return state.signal != nil
        }
        if hasCome { stop() }
    }

    /// The signal that stopped the run, if one did.
    public var signal: Int32? { state.withLock { $0.signal } }

    /// - Parameter isSent: a process sent it, not the system (`si_code` in sigaction(2)).
    private func take(_ signal: Int32, isSent: Bool) {
        if signal == SIGUSR1 { return togglePanic() }
        if signal == SIGHUP, isSent, let onHangup = state.withLock({ $0.onHangup }) { return onHangup() }
        let now = monotonicNanoseconds()
        let (isFirst, isEcho) = state.withLock { state in
            let isFirst = state.signal == nil
            if isFirst { (state.signal, state.signalTime) = (signal, now) }
            return (isFirst, !isFirst && now - state.signalTime < Self.patience)
        }
        if isEcho { return }
        guard isFirst else { _exit(128 + signal) }
        // A run that is being prepared may hold what has to be put away; `watch` stops it.
        while monotonicNanoseconds() - now < Self.patience {
            let (run, stop) = state.withLock { ($0.run, $0.stop) }
            if let run { return run.stop() }
            if let stop { return stop() }
            usleep(5_000)
        }
        _exit(128 + signal)
    }

    private func togglePanic() {
        let (run, isPanic) = state.withLock { state in
            state.isPanic.toggle()
            return (state.run, state.isPanic)
        }
        run?.panic(isPanic)
    }

    private static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        return sigaction(signal, nil, &action) == 0
            && unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }
}
