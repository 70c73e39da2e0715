/// The version of the command and of everything in it; the only place that says it.
enum Version {
    static let number = "0.1.0"
}
