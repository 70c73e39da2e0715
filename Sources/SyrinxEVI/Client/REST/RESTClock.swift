internal import Glibc

/// Time as a ``RESTClient`` sees it. A test gives a clock of its own, so that no test waits.
package protocol RESTClock: Sendable {
    /// On a clock that never goes back.
    var now: Moment { get }
    /// Seconds since 1970.
    var epochSeconds: Double { get }
    /// Lets a span of time pass.
    func pass(_ span: Moment) async throws(CancellationError)
}

/// The system's time.
package struct SystemRESTClock: RESTClock {
    private let origin = ContinuousClock.now

    package init() {}

    package var now: Moment { ContinuousClock.now - origin }

    package var epochSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    package func pass(_ span: Moment) async throws(CancellationError) {
        do { try await Task.sleep(for: span, tolerance: .milliseconds(1)) } catch { throw CancellationError() }
    }
}
