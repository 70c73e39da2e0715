public import Testing

/// For suites whose tests talk to a JACK server from the test's own process, by libjack or through ALSA's `jack` device:
/// they run one at a time across all suites, and are left out with a reason where there is no jackd.
public struct JackTrait: SuiteTrait, TestTrait, TestScoping {
    public var isRecursive: Bool { true }

    public func prepare(for test: Test) async throws {
        if let reason = JackServer.whyNot { try Test.cancel("\(reason)") }
    }

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // Suites have no case; only what runs takes its turn.
        guard testCase != nil else { return try await function() }
        await Self.turns.take()
        do {
            try await function()
        } catch {
            await Self.turns.give()
            throw error
        }
        await Self.turns.give()
    }

    private static let turns = Turns()
}

extension Trait where Self == JackTrait {
    /// One test at a time with a JACK server in this process.
    public static var jackServer: Self { JackTrait() }
}

/// Who may go on, one at a time, in the order in which they came.
private actor Turns {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func take() async {
        if isTaken { await withCheckedContinuation { waiting.append($0) } } else { isTaken = true }
    }

    func give() { if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() } }
}
