internal import SyrinxCore
internal import SyrinxGraph

/// An explanation as data.
struct ExplainJSON {
    let explanation: Explanation

    var value: Value {
        let pipeline = explanation.pipeline
        let document = pipeline.checked.document
        var members: [Value.Member] = [.init("pipeline", .string(document.file))]
        if let name = document.name { members.append(.init("name", .string(name))) }
        if let description = document.description { members.append(.init("description", .string(description))) }
        members += [
            .init("driver", .string(explanation.driver)), .init("rate_hz", Self.integer(pipeline.masterRate)),
            .init("block_frames", .integer(pipeline.checked.engine.blockFrames)),
            .init("complete", .boolean(pipeline.isComplete)),
            .init("nodes", .list(explanation.order.map(Self.node))),
            .init("links", .list(explanation.links.map(Self.link))),
            .init(
                "loops",
                .list(
                    pipeline.loops.map { loop in
                        .object([
                            .init("nodes", .list(loop.nodes.map { .string(explanation.nodes[$0].id) })),
                            .init("piece_frames", .integer(loop.pieceFrames)),
                        ])
                    })),
            .init("tail_s", .number(pipeline.tail.double)), .init("ends", end), .init("memory", memory),
            .init("reads", paths(written: false)), .init("writes", paths(written: true)),
            .init("notices", .list(pipeline.playbackNotices.map(Value.string))),
            .init("needs", .list(explanation.needs.map(\.value))),
        ]
        return .object(members)
    }

    private static func node(_ node: Explanation.Node) -> Value {
        .object([
            .init("id", .string(node.id)), .init("type", .string(node.type)),
            .init("inserted", .boolean(node.isInserted)), .init("bypass", .boolean(node.isBypassed)),
            .init("in_loop", .boolean(node.inLoop)), .init("rate_hz", integer(node.format?.rate)),
            .init("channels", integer(node.format?.channels)), .init("latency_s", .number(node.latency)),
            .init("arrival_s", .number(node.arrival)), .init("tail_s", .number(node.tail)),
            .init("facts", .object(node.facts.map { .init($0.name, $0.value) })),
        ])
    }

    private static func link(_ link: Explanation.Link) -> Value {
        .object([
            .init("from", .string(link.fromText)), .init("to", .string(link.toText)),
            .init("kind", .string(link.format.kind.rawValue)), .init("rate_hz", integer(link.format.rate)),
            .init("channels", integer(link.format.channels)), .init("delay_s", .number(link.delay)),
        ])
    }

    private var end: Value {
        switch explanation.end {
        case .never: .object([.init("when", .string("never"))])
        case .after(let seconds, let node):
            .object([
                .init("when", .string("after")), .init("seconds", .number(seconds)), .init("node", .string(node)),
            ])
        case .unknown(let nodes):
            .object([.init("when", .string("unknown")), .init("nodes", .list(nodes.map(Value.string)))])
        case .whenRead(let nodes):
            .object([.init("when", .string("read")), .init("nodes", .list(nodes.map(Value.string)))])
        }
    }

    private var memory: Value {
        guard let outline = explanation.outline else { return .null }
        return .object([
            .init("steps", .list(outline.steps.map(Value.string))), .init("buffers", .integer(outline.bufferCount)),
            .init("sample_bytes", .integer(outline.sampleBytes)),
        ])
    }

    private func paths(written: Bool) -> Value {
        .list(
            explanation.files.filter { $0.isWritten == written }.map { file in
                .object([.init("node", .string(file.node)), .init("path", file.path.map(Value.string) ?? .null)])
            })
    }

    private static func integer(_ number: Int?) -> Value { number.map(Value.integer) ?? .null }
}
