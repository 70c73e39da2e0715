import CommandTestKit
import Foundation
import Testing

@Suite("Examples at wall-clock pace", .serialized)
struct TimedTests {
    @Test("an example writes the same bytes under the timer as flat out", arguments: Example.all)
    func sameAsOffline(example: Example) throws {
        try Command.withFolder { folder in
            try Example.makeInputs(in: folder)
            let flatOut = try example.outputsOfCommand(in: folder, [])
            let timed = try example.outputsOfCommand(in: folder, ["--driver", "timer"])
            #expect(timed == flatOut)
        }
    }
}
