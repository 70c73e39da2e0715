internal import Foundation

/// The figures of barge-in: `interruptions`, how soon the assistant gives way, and `alarms`, how often for nothing.
let words = CommandLine.arguments.dropFirst()
/// Prints a line at once, into a pipe too.
func tell(_ line: String) {
    print(line)
    fflush(nil)
}

func number(_ name: String, _ otherwise: Int) -> Int {
    guard let place = words.firstIndex(of: name), place + 1 < words.endIndex else { return otherwise }
    return Int(words[place + 1]) ?? otherwise
}

let folder = FileManager.default.temporaryDirectory.appendingPathComponent("turn-figures-\(UUID().uuidString)")
try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(at: folder) }
switch words.first {
case "interruptions":
    try await Interruptions(seconds: number("--seconds", 100), seats: number("--seats", 6)).run(folder: folder)
case "alarms":
    try await Alarms(seconds: number("--seconds", 60)).run(folder: folder)
default:
    print("Usage: turn-figures interruptions [--seconds 100] [--seats 6] | alarms [--seconds 60]")
    exit(64)
}
