package import SyrinxCore

/// A point in time as the REST interface gives it: seconds or milliseconds since 1970, told apart by size.
///
/// - Source: protocol 6, "Times".
package struct Timestamp: Sendable, Hashable {
    /// Milliseconds since 1970.
    package let milliseconds: Int

    package init(wire: Int) { milliseconds = wire.magnitude > 100_000_000_000 ? wire : wire * 1_000 }

    init?(_ wire: Int?) {
        guard let wire else { return nil }
        self.init(wire: wire)
    }
}

/// A config, prompt or tool: what all have, and the whole as it came.
package struct StoredItem: Sendable, Hashable {
    package let id: String
    package let version: Int
    package let name: String
    package let versionDescription: String?
    package let created: Timestamp?
    package let modified: Timestamp?
    /// Everything, for programs.
    package let value: Value

    package init(reading value: Value) throws(WireFault) {
        let object = try WireObject(value, path: "item")
        id = try object.requiredString("id")
        version = try object.requiredInteger("version")
        name = object.string("name") ?? ""
        versionDescription = object.string("version_description")
        created = Timestamp(object.integer("created_on"))
        modified = Timestamp(object.integer("modified_on"))
        self.value = value
    }
}

package struct Voice: Sendable, Hashable {
    package static let providers = ["HUME_AI", "CUSTOM_VOICE"]
    package let id: String
    package let name: String
    package let provider: String
    package let value: Value

    package init(reading value: Value) throws(WireFault) {
        let object = try WireObject(value, path: "voice")
        id = try object.requiredString("id")
        name = object.string("name") ?? ""
        provider = object.string("provider") ?? ""
        self.value = value
    }
}

package struct ChatRecord: Sendable, Hashable {
    package let id: String
    package let groupID: String?
    /// `ACTIVE`, `USER_ENDED`, `USER_TIMEOUT`, `MAX_DURATION_TIMEOUT`, `INACTIVITY_TIMEOUT`, `ERROR`; an open list.
    package let status: String
    package let start: Timestamp?
    package let end: Timestamp?
    package let eventCount: Int?
    package let configID: String?
    package let value: Value

    package init(reading value: Value) throws(WireFault) {
        let object = try WireObject(value, path: "chat")
        id = try object.requiredString("id")
        groupID = object.string("chat_group_id")
        status = object.string("status") ?? ""
        start = Timestamp(object.integer("start_timestamp"))
        end = Timestamp(object.integer("end_timestamp"))
        eventCount = object.integer("event_count")
        configID = object.object("config")?.string("id")
        self.value = value
    }
}

package struct ChatGroup: Sendable, Hashable {
    package let id: String
    package let firstStart: Timestamp?
    package let lastStart: Timestamp?
    package let chatCount: Int?
    package let isActive: Bool?
    package let value: Value

    package init(reading value: Value) throws(WireFault) {
        let object = try WireObject(value, path: "chat_group")
        id = try object.requiredString("id")
        firstStart = Timestamp(object.integer("first_start_timestamp"))
        lastStart = Timestamp(object.integer("most_recent_start_timestamp"))
        chatCount = object.integer("num_chats")
        isActive = object.boolean("active")
        self.value = value
    }
}

/// A line of a chat's history.
package struct ChatEvent: Sendable, Hashable {
    package let id: String
    package let chatID: String?
    package let time: Timestamp?
    /// `USER`, `AGENT`, `SYSTEM`, `TOOL`; an open list.
    package let role: String
    /// `USER_MESSAGE`, `AGENT_MESSAGE`, `FUNCTION_CALL`, …; an open list.
    package let type: String
    package let text: String?
    package let scores: Scores?
    package let relatedID: String?
    package let value: Value

    package init(reading value: Value) throws(WireFault) {
        let object = try WireObject(value, path: "event")
        id = try object.requiredString("id")
        chatID = object.string("chat_id")
        time = Timestamp(object.integer("timestamp"))
        role = object.string("role") ?? ""
        type = object.string("type") ?? ""
        text = object.string("message_text")
        relatedID = object.string("related_event_id")
        // JSON in a string, and at times an empty one.
        if let text = object.string("emotion_features"), !text.isEmpty,
            case .object(let members)? = (try? WireJSON.read(Array(text.utf8), byteLimit: 1 << 16))?.value
        {
            scores = Scores(members.filter { $0.value.double != nil })
        } else {
            scores = nil
        }
        self.value = value
    }
}

package struct AudioReconstruction: Sendable, Hashable {
    package enum Progress: Sendable, Hashable {
        /// Ask again in a few seconds.
        case working
        /// Here it is, for an hour. To be fetched without the API key: the address is signed, and belongs to a file store.
        case ready(Secret)
        case failed(status: String)
    }

    package let id: String
    package let fileName: String?
    package let progress: Progress

    package init(reading value: Value) throws(WireFault) {
        let object = try WireObject(value, path: "audio")
        id = try object.requiredString("id")
        fileName = object.string("filename")
        switch (try object.requiredString("status"), object.string("signed_audio_url")) {
        case ("COMPLETE", let address?): progress = .ready(Secret(address))
        case ("QUEUED", _), ("IN_PROGRESS", _), ("COMPLETE", nil): progress = .working
        case (let status, _): progress = .failed(status: status)
        }
    }
}
