internal import ArgumentParser
internal import SyrinxCore
internal import SyrinxHost

/// How loud a file is.
struct LoudnessFigures {
    /// Integrated, LUFS; nil: it has none.
    var loudness: Double?
    /// dBTP; nil: silent.
    var truePeak: Double?
}

/// One way through a file: read, turned up or down, limited, measured, and written if wanted.
struct NormalizePass {
    let pass: FilePass
    let dualMono: Bool

    /// Runs it, and tells how loud what came out is.
    ///
    /// - Parameters:
    ///   - gain: in dB.
    ///   - ceiling: of the limiter, dBTP; nil: there is none.
    ///   - output: nil: it is measured only.
    ///   - settings: more parameters of the output.
    /// - Throws: ``ExitCode``; what went wrong has been written to standard error.
    func measure(
        gain: Double, ceiling: Double?, to output: String? = nil, _ settings: [DocumentMember] = []
    ) throws -> LoudnessFigures {
        let nodes = nodes(gain: gain, ceiling: ceiling, output, settings)
        let report = try pass.run(nodes, links: [nodes.map(\.id).joined(separator: " -> ")])
        return LoudnessFigures(
            loudness: report.figure("measured", "integrated_lufs")?.double,
            truePeak: report.figure("measured", "max_true_peak_dbtp")?.double)
    }

    /// The pipeline of one pass: a chain.
    private func nodes(
        gain: Double, ceiling: Double?, _ output: String?, _ settings: [DocumentMember]
    ) -> [DocumentNode] {
        var nodes = [DocumentNode(id: "in", type: "file.source", parameters: [.text("path", pass.input)])]
        // A gain node gives 24 dB at most; who lacks more gets several.
        var left = gain
        while left != 0 {
            let part = min(left, 24)
            left -= part
            nodes.append(DocumentNode(id: "gain\(nodes.count)", type: "gain", parameters: [.number("gain_db", part)]))
        }
        if let ceiling {
            nodes.append(DocumentNode(id: "ceiling", type: "limiter", parameters: [.number("ceiling_dbfs", ceiling)]))
        }
        nodes.append(
            DocumentNode(
                id: "measured", type: "meter",
                parameters: [DocumentMember("dual_mono", DocumentValue(.boolean(dualMono)))]))
        if let output {
            nodes.append(DocumentNode(id: "out", type: "file.sink", parameters: [.text("path", output)] + settings))
        }
        return nodes
    }
}
