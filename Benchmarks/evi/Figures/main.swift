internal import Glibc
internal import SyrinxCore

/// The figures of the EVI node: `latency`, measured on audio, and `peer`, a cheap other side for load.
let words = CommandLine.arguments.dropFirst()
func number(_ name: String, _ otherwise: Int) -> Int {
    guard let place = words.firstIndex(of: name), place + 1 < words.endIndex else { return otherwise }
    return Int(words[place + 1]) ?? otherwise
}

switch words.first {
case "latency":
    let latency = Latency(
        seconds: number("--seconds", 18), blockFrames: number("--block", 480), pieceFrames: number("--piece", 9_600))
    try await latency.run()
case "peer":
    try await Peer.serve(port: number("--port", 0))
default:
    print("Usage: evi-figures latency [--seconds 18] [--block 480] [--piece 9600] | peer [--port 0]")
    exit(64)
}
