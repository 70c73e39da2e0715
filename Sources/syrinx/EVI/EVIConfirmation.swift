internal import Glibc
internal import SyrinxCore

/// Asks before something is deleted for good.
enum EVIConfirmation {
    /// - Parameters:
    ///   - isGiven: the answer was given on the command line.
    ///   - question: made only if it is asked.
    /// - Throws: `.usage` where nobody can be asked; code 130 for a no.
    static func ask(_ isGiven: Bool, _ console: Console, question: () async throws -> String) async throws {
        if isGiven { return }
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            throw PipelineError(
                .usage, at: "--yes",
                "nothing was deleted: there is no terminal to ask on; with --yes it is deleted for good")
        }
        let text = try await question()
        try Console.write(console.mask.mask("\(text) [y/N] "), to: STDERR_FILENO)
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            throw PipelineError(.init("declined", exitCode: 130), "nothing was deleted")
        }
    }
}
