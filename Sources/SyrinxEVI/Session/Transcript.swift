/// Who said what, and what of it was heard.
///
/// Interim lines are replaced, final ones stay; EVI's lines are tied to their audio by its id, and those that were cut
/// off are marked.
///
/// - Thread: control; a value.
/// - Source: protocol 5.9.
package struct Transcript: Sendable {
    package struct Line: Sendable, Hashable {
        package enum Speaker: String, Sendable, Hashable { case user, assistant }
        package enum State: String, Sendable, Hashable {
            /// A provisional line of the user.
            case interim
            /// A line of the user that stays.
            case final
            /// A line of EVI whose audio has not begun, is heard, was heard, was cut off, or never begun.
            case waiting, sounding, heard, interrupted, unheard
        }

        package let speaker: Speaker
        package internal(set) var text: String
        package internal(set) var state: State
        /// The id of the audio that speaks it.
        package let id: String?
        package internal(set) var time: Moment
        package internal(set) var scores: Scores?
    }

    /// Finished lines that are kept; older ones go.
    package static let limit = 4_096
    package private(set) var lines: [Line] = []

    package init() {}

    package mutating func add(_ message: UserMessage, at now: Moment) {
        let line = Line(
            speaker: .user, text: message.message.content ?? "", state: message.interim ? .interim : .final, id: nil,
            time: now, scores: message.models.prosody)
        if let place = lines.lastIndex(where: { $0.state == .interim }) {
            lines[place] = line
        } else {
            append(line)
        }
    }

    package mutating func add(_ message: AssistantMessage, at now: Moment) {
        guard let text = message.message.content, !text.isEmpty else { return }
        append(
            Line(
                speaker: .assistant, text: text, state: message.id == nil ? .heard : .waiting, id: message.id,
                time: now, scores: message.models.prosody))
    }

    package mutating func add(_ prosody: AssistantProsody) {
        guard let id = prosody.id else { return }
        for place in lines.indices where lines[place].id == id { lines[place].scores = prosody.models.prosody }
    }

    package mutating func began(_ id: String) { set(id, .sounding) { $0 == .waiting } }

    package mutating func finished(_ id: String) { set(id, .heard) { $0 == .sounding || $0 == .waiting } }

    /// Marks what was cut off, and what was not heard at all.
    package mutating func interrupted(_ ids: [String]) {
        for id in ids {
            set(id, .interrupted) { $0 == .sounding }
            set(id, .unheard) { $0 == .waiting }
        }
    }

    private mutating func set(_ id: String, _ state: Line.State, where matches: (Line.State) -> Bool) {
        for place in lines.indices.suffix(64) where lines[place].id == id && matches(lines[place].state) {
            lines[place].state = state
        }
    }

    private mutating func append(_ line: Line) {
        lines.append(line)
        if lines.count >= 2 * Self.limit { lines.removeFirst(Self.limit) }
    }
}
