/// One piece of a batch's work: the pipeline with these variables.
struct BatchRow: Sendable {
    /// From 1, over all that the command line names, whatever the shard.
    let number: Int
    /// What people call it: its input, or its line in the manifest.
    let title: String
    /// Of `${…}`, by name.
    let variables: [String: String]

    /// What tells its work from any other: the pipeline as changed by the command line, and the variables.
    func key(_ pipeline: Fingerprint) -> Fingerprint {
        var key = pipeline
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
            key.add(name)
            key.add(value)
        }
        return key
    }
}
