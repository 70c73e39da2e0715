internal import CPluginHost
internal import SyrinxCore

/// The other end of ``PluginHelper``: what the hidden command does.
package enum PluginServer {
    /// Answers questions about one plugin on descriptor 3, until nobody is left to ask.
    ///
    /// - Thread: the process's own.
    package static func run(file: String) {
        syrinx_helper_die_plainly()
        let channel = HelperChannel(file: 3)
        var seat = PluginSeat(file: file, channel: channel)
        while var question = channel.receive(within: -1) {
            if seat.serve(question) { return }
            var answer = TokenList()
            do throws(PipelineError) {
                if try seat.check(question) { continue }
                answer.append("ok")
                try seat.answer(&question, into: &answer)
            } catch {
                let isPlaced = !error.path.isEmpty && error.path != file
                let words = error.message + (error.cause.map { " (\($0))" } ?? "")
                answer = TokenList(["error", isPlaced ? "\(error.path): \(words)" : words])
            }
            if !channel.send(answer) {
                channel.send(TokenList(["error", "it describes itself at too great a length"]))
            }
        }
    }
}
