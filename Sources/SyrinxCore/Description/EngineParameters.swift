/// The settings of `engine` in a pipeline file: the single source for the checker and the schema.
public enum EngineParameters {
    public static let descriptors: [ParameterDescriptor] = [
        .choice(
            "driver", of: ["offline", "timer", "jack", "alsa"],
            "Who calls the graph and owns the clock; left out: what the nodes ask for."),
        .integer(
            "block_frames", in: 1...65_536, default: 1024, unit: .frames,
            "The largest piece that is rendered at once, at the master rate. What comes out does not depend on it."),
        .integer(
            "rate_hz", in: Limits.rates, unit: .hertz,
            "The master rate; left out: the device's, or the highest rate of any source."),
        .integer(
            "priority", in: 0...99, default: 70,
            "SCHED_FIFO priority of the thread that renders; 0: not real time. JACK gives its clients their own."),
        .string("clock", "The device node whose clock drives the graph, where there are several."),
        .choice(
            "convert", of: ["auto", "warn", "forbid"], default: "auto",
            "What to do where rates meet: insert a converter, do so with a warning, or refuse."),
    ]
}
