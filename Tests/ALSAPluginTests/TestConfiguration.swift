import Foundation
import Glibc

/// alsa-lib's configuration for these tests: the system's, and devices of their own that need no card.
enum TestConfiguration {
    /// What the tests' devices read and write.
    static let folder: URL = {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("syrinx-alsa-\(getpid())")
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(at: TestConfiguration.folder) }
        return folder
    }()

    static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    /// Sets it for this process. alsa-lib reads it at the first device that is opened.
    static let isInstalled: Bool = {
        let file = path("asound.conf")
        do {
            try text.write(toFile: file, atomically: true, encoding: .utf8)
        } catch {
            return false
        }
        return setenv("ALSA_CONFIG_PATH", file, 1) == 0
    }()

    /// A device that writes what is played and gives what a file holds. `file` paces as its slave does: `null` does not.
    private static let text = """
        </usr/share/alsa/alsa.conf>
        pcm.syrinx_tape {
            @args [ OUT IN ]
            @args.OUT { type string }
            @args.IN { type string }
            type asym
            playback.pcm { type file slave.pcm null file $OUT format raw }
            capture.pcm { type file slave.pcm null file /dev/null infile $IN format raw }
        }
        pcm.syrinx_44100 {
            type plug
            slave { pcm null rate 44100 format S16_LE channels 2 }
        }
        pcm.syrinx_jack {
            type jack
            name "syrinx-alsa"
            playback_ports { 0 "system:playback_1" 1 "system:playback_2" }
            capture_ports { 0 "system:capture_1" 1 "system:capture_2" }
        }

        """
}
