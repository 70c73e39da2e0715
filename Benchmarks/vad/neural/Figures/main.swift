// Figures of the neural engine of `vad`: what it tells of a signal, and what that costs. See ../README.md.
internal import Glibc
internal import VoicePlugin

/// Ends the program with a word to standard error.
func fail(_ code: Int32, _ words: String) -> Never {
    let line = words + "\n"
    _ = line.withCString { write(2, $0, strlen($0)) }
    exit(code)
}

let arguments = CommandLine.arguments
guard arguments.count == 4, ["probabilities", "cost"].contains(arguments[1]) else {
    fail(64, "usage: neural-figures probabilities|cost MODEL.safetensors MONO_16_KHZ.f32")
}

/// A file's bytes. What cannot be read ends the program.
func bytes(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else {
        fail(66, "neural-figures: \(path): \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    var result: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { return result }
        result += chunk[..<count]
    }
}

let network: SileroNetwork
do {
    network = SileroNetwork(try SileroWeights(SafeTensors(bytes(arguments[2]))))
} catch {
    fail(66, "neural-figures: \(arguments[2]): \(error.message)")
}
let signal = bytes(arguments[3]).withUnsafeBytes { raw in
    (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
}

if arguments[1] == "probabilities" {
    for probability in probabilities(network, signal) { print(probability) }
} else {
    printCost(network, signal)
}
