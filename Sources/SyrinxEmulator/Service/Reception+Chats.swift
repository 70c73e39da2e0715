internal import SyrinxCore
internal import SyrinxEVI
internal import SyrinxNet

/// REST: what happened in chats and chat groups.
extension Reception {
    static let statuses = [
        "ACTIVE", "USER_ENDED", "USER_TIMEOUT", "MAX_DURATION_TIMEOUT", "INACTIVITY_TIMEOUT", "ERROR",
    ]
    /// Whom all chats belong to.
    private static let userID = "00000000-0000-4000-8000-000000000001"

    /// `/v0/evi/chats/…`
    func answerChats(_ steps: [String], _ request: NetServer.Request) throws(Refused) -> Response {
        guard request.method == "GET" else { throw Refused(.fault(405, "only GET is answered here")) }
        let paging = try Paging(request, ascending: !steps.isEmpty)
        guard let id = steps.first else {
            let status = request.query("status")
            if let status, !Self.statuses.contains(status) {
                throw Refused(
                    .invalid(["query", "status"], "expected one of \(Self.statuses.joined(separator: ", "))"))
            }
            let config = request.query("config_id")
            let all = book.chats.filter { chat in
                (status == nil || chat.facts.status == status) && (config == nil || chat.config?.id == config)
            }
            return .json(.object(paging.page(all.map { .object(members($0)) }, "chats_page", tellsDirection: true)))
        }
        guard let chat = book.chat(id) else { throw Refused(.fault(404, "chats: found no \(Shown.quoted(id))")) }
        if steps == [id] {
            let events = chat.events.map { value($0, chat) }
            return .json(
                .object(
                    members(chat).filter { $0.name != "event_count" }
                        + paging.page(events, "events_page", tellsDirection: true)))
        }
        if steps == [id, "audio"] { return .json(audio(chat)) }
        throw Refused(.fault(404, "there is no such path"))
    }

    /// `/v0/evi/chat_groups/…`
    func answerGroups(_ steps: [String], _ request: NetServer.Request) throws(Refused) -> Response {
        guard request.method == "GET" else { throw Refused(.fault(405, "only GET is answered here")) }
        let paging = try Paging(request, ascending: steps.count > 1)
        guard let id = steps.first else {
            var order: [String] = []
            var groups: [String: [ChatRecordKeeper]] = [:]
            let config = request.query("config_id")
            for chat in book.chats where config == nil || chat.config?.id == config {
                if groups[chat.groupID] == nil { order.append(chat.groupID) }
                groups[chat.groupID, default: []].append(chat)
            }
            let all = order.map { Value.object(members($0, groups[$0] ?? [], isWhole: true)) }
            return .json(.object(paging.page(all, "chat_groups_page", tellsDirection: true)))
        }
        let chats = book.group(id)
        guard !chats.isEmpty else { throw Refused(.fault(404, "chat_groups: found no \(Shown.quoted(id))")) }
        switch Array(steps.dropFirst()) {
        case []:
            let all = chats.map { Value.object(members($0)) }
            return .json(
                .object(members(id, chats, isWhole: false) + paging.page(all, "chats_page", tellsDirection: true)))
        case ["events"]:
            let all = chats.flatMap { chat in chat.events.map { value($0, chat) } }
            return .json(
                .object([.init("id", .string(id))] + paging.page(all, "events_page", tellsDirection: true)))
        case ["audio"]:
            let page = paging.page(chats.map(audio), "audio_reconstructions_page", tellsDirection: true)
            return .json(
                .object(
                    [
                        .init("id", .string(id)), .init("user_id", .string(Self.userID)),
                        .init("num_chats", .integer(chats.count)),
                    ] + page))
        default: throw Refused(.fault(404, "there is no such path"))
        }
    }

    private func members(_ chat: ChatRecordKeeper) -> [Value.Member] {
        let facts = chat.facts
        var members: [Value.Member] = [
            .init("id", .string(chat.id)), .init("chat_group_id", .string(chat.groupID)),
            .init("status", .string(facts.status)), .init("start_timestamp", .integer(chat.start)),
            .init("event_count", .integer(facts.eventCount)),
        ]
        members.add("end_timestamp", facts.end.map(Value.integer))
        members.add("config", config(chat))
        return members
    }

    private func config(_ chat: ChatRecordKeeper) -> Value? {
        chat.config.map { config in
            var members: [Value.Member] = [.init("id", .string(config.id))]
            members.add("version", config.version.map(Value.integer))
            return .object(members)
        }
    }

    private func members(_ id: String, _ chats: [ChatRecordKeeper], isWhole: Bool) -> [Value.Member] {
        var members: [Value.Member] = [
            .init("id", .string(id)), .init("first_start_timestamp", .integer(chats.first?.start ?? 0)),
            .init("most_recent_start_timestamp", .integer(chats.last?.start ?? 0)),
            .init("num_chats", .integer(chats.count)),
            .init("active", .boolean(chats.contains { $0.facts.isActive })),
        ]
        if isWhole {
            members.add("most_recent_chat_id", chats.last.map { .string($0.id) })
            members.add("most_recent_config", chats.last.flatMap(config))
        }
        return members
    }

    private func value(_ event: ChatRecordKeeper.Event, _ chat: ChatRecordKeeper) -> Value {
        var members: [Value.Member] = [
            .init("id", .string(event.id)), .init("chat_id", .string(chat.id)),
            .init("timestamp", .integer(event.unixMilliseconds)), .init("role", .string(event.entry.role)),
            .init("type", .string(event.entry.type)),
        ]
        members.add("message_text", event.entry.text.map(Value.string))
        members.add(
            "emotion_features",
            event.scores.map { scores in
                .string(Value.object(zip(Scores.names, scores).map { Value.Member($0, .number($1)) }).json())
            })
        members.add("metadata", event.entry.metadata.map { .string($0.json()) })
        members.add("related_event_id", event.relatedID.map(Value.string))
        return .object(members)
    }

    /// The reconstruction: it is ready at once, when the chat is over.
    private func audio(_ chat: ChatRecordKeeper) -> Value {
        let facts = chat.facts
        var members: [Value.Member] = [
            .init("id", .string(chat.id)), .init("user_id", .string(Self.userID)),
            .init("status", .string(facts.isActive ? "IN_PROGRESS" : facts.hasAudio ? "COMPLETE" : "ERROR")),
        ]
        if !facts.isActive, facts.hasAudio {
            let now = unixMilliseconds()
            members.add("filename", .string("\(chat.id).wav"))
            members.add("modified_at", .integer(facts.end ?? chat.start))
            members.add("signed_audio_url", .string("\(origin)/files/\(signature(chat))/\(chat.id).wav"))
            members.add("signed_url_expiration_timestamp_millis", .integer(now + 3_600_000))
        }
        return .object(members)
    }

    /// Whoever has the address has the file, as with a signed address.
    private func signature(_ chat: ChatRecordKeeper) -> String {
        var random = SeededRandom(seed: fileSeed, chat.id)
        return String(random.next(), radix: 36) + String(random.next(), radix: 36)
    }

    /// `/files/{signature}/{chat}.wav`
    func answerFile(_ steps: [String]) throws(Refused) -> Response {
        guard steps.count == 2, steps[1].hasSuffix(".wav"), let chat = book.chat(String(steps[1].dropLast(4))),
            signature(chat) == steps[0], let audio = chat.audio
        else { throw Refused(.fault(404, "there is no such file")) }
        return Response(200, headers: ["Content-Type": "audio/wav"], body: audio)
    }
}
