internal import SyrinxDSP
internal import SyrinxSoundFile

/// A kind of file that can be written or read, by the name that `format` takes.
struct Container: Sendable, Hashable {
    /// As in `format` and in the fact `format`.
    let name: String
    /// libsndfile's major format.
    let code: Int32
    /// File name endings that mean it, without the dot.
    let extensions: [String]
    /// The richest subtype that it is written with where nothing else is known and `s24` is not to be had.
    let fallback: String

    private init(_ name: String, _ code: Int32, _ extensions: [String], fallback: String = "s16") {
        self.name = name
        self.code = code
        self.extensions = extensions
        self.fallback = fallback
    }

    static let wav = Container("wav", 0x01_0000, ["wav", "wave", "bwf"])
    static let au = Container("au", 0x03_0000, ["au", "snd"])
    static let raw = Container("raw", 0x04_0000, ["raw", "pcm"])
    static let opus = Container("opus", 0x20_0000, ["opus"], fallback: "opus")

    /// All of them. Where two share libsndfile's code the first is the more general one.
    static let all: [Container] = [
        wav,
        Container("rf64", 0x22_0000, ["rf64"]),
        Container("w64", 0x0B_0000, ["w64"]),
        Container("wavex", 0x13_0000, []),
        Container("aiff", 0x02_0000, ["aiff", "aif", "aifc"]),
        Container("caf", 0x18_0000, ["caf"]),
        Container("flac", 0x17_0000, ["flac"]),
        Container("ogg", 0x20_0000, ["ogg", "oga"], fallback: "vorbis"),
        opus,
        Container("mp3", 0x23_0000, ["mp3"], fallback: "mp3"),
        au,
        raw,
        Container("paf", 0x05_0000, ["paf", "fap"]),
        Container("svx", 0x06_0000, ["svx", "iff", "8svx", "16svx"]),
        Container("nist", 0x07_0000, ["nist", "sph"]),
        Container("voc", 0x08_0000, ["voc"]),
        Container("ircam", 0x0A_0000, ["sf", "ircam"]),
        Container("mat4", 0x0C_0000, ["mat4"]),
        Container("mat5", 0x0D_0000, ["mat5", "mat"]),
        Container("pvf", 0x0E_0000, ["pvf"]),
        Container("xi", 0x0F_0000, ["xi"], fallback: "dpcm_16"),
        Container("htk", 0x10_0000, ["htk"]),
        Container("sds", 0x11_0000, ["sds"]),
        Container("avr", 0x12_0000, ["avr"]),
        Container("wve", 0x19_0000, ["wve"], fallback: "alaw"),
        Container("mpc2k", 0x21_0000, ["mpc2k"]),
    ]

    static func named(_ name: String) -> Container? { all.first { $0.name == name } }

    /// True where even integer samples take less room than they have bits.
    var compresses: Bool { name == "flac" }

    /// What a file's name says; nil where the ending is none or unknown.
    static func ofPath(_ path: String) -> Container? {
        let ending = pathExtension(path)
        return all.first { $0.extensions.contains(ending) }
    }

    /// What libsndfile found, in our words.
    static func name(ofCode format: Int32) -> String {
        if format & Subtype.mask == Subtype.opus.code { return opus.name }
        return all.first { $0.code == format & mask }?.name ?? "other"
    }

    /// True: files of this kind can be written so.
    func canHold(_ subtype: Subtype, rate: Int, channels: Int) -> Bool {
        // libsndfile names one container for both, and layers of MPEG that it only reads.
        if self == .opus, subtype != .opus { return false }
        // Version 1.2 loses samples of DWVW with 12 bits.
        if subtype.name == "mp3" && name != "mp3" || ["mp1", "mp2", "dwvw_12"].contains(subtype.name) { return false }
        return SoundFile.canWrite(SoundFile.Shape(rate: rate, channels: channels, format: code | subtype.code))
    }

    static let mask: Int32 = 0x0FFF_0000
}

/// How samples are stored, by the name that `subtype` takes.
struct Subtype: Sendable, Hashable {
    /// As in `subtype` and in the fact of that name.
    let name: String
    /// libsndfile's minor format.
    let code: Int32
    /// The uncompressed encoding, if it is one.
    let encoding: PCMEncoding?
    /// How the encoder is fed.
    let feed: Feed
    /// Order of width, for "the widest of several".
    let width: Int

    /// What an encoder takes.
    enum Feed: Sendable, Hashable {
        /// Whole numbers of so many bits, in an `Int32`'s top bits or an `Int16`.
        case integers(bits: Int)
        case floats
    }

    private init(_ name: String, _ code: Int32, _ encoding: PCMEncoding?, _ feed: Feed, width: Int) {
        self.name = name
        self.code = code
        self.encoding = encoding
        self.feed = feed
        self.width = width
    }

    static let opus = Subtype("opus", 0x64, nil, .floats, width: 24)
    static let s24 = Subtype("s24", 0x03, .s24, .integers(bits: 24), width: 24)

    static let all: [Subtype] = [
        Subtype("u8", 0x05, .u8, .integers(bits: 8), width: 8),
        Subtype("s8", 0x01, .s8, .integers(bits: 8), width: 8),
        Subtype("s16", 0x02, .s16, .integers(bits: 16), width: 16),
        s24,
        Subtype("s32", 0x04, .s32, .integers(bits: 32), width: 32),
        Subtype("f32", 0x06, .f32, .floats, width: 33),
        Subtype("f64", 0x07, .f64, .floats, width: 64),
        Subtype("ulaw", 0x10, nil, .integers(bits: 16), width: 14),
        Subtype("alaw", 0x11, nil, .integers(bits: 16), width: 13),
        Subtype("vorbis", 0x60, nil, .floats, width: 24),
        opus,
        Subtype("mp3", 0x82, nil, .floats, width: 24),
        Subtype("mp2", 0x81, nil, .floats, width: 24),
        Subtype("mp1", 0x80, nil, .floats, width: 24),
        Subtype("alac_16", 0x70, nil, .integers(bits: 16), width: 16),
        Subtype("alac_20", 0x71, nil, .integers(bits: 20), width: 20),
        Subtype("alac_24", 0x72, nil, .integers(bits: 24), width: 24),
        Subtype("alac_32", 0x73, nil, .integers(bits: 32), width: 32),
        Subtype("ima_adpcm", 0x12, nil, .integers(bits: 16), width: 16),
        Subtype("ms_adpcm", 0x13, nil, .integers(bits: 16), width: 16),
        Subtype("gsm610", 0x20, nil, .integers(bits: 16), width: 13),
        Subtype("vox_adpcm", 0x21, nil, .integers(bits: 16), width: 12),
        Subtype("nms_16", 0x22, nil, .integers(bits: 16), width: 14),
        Subtype("nms_24", 0x23, nil, .integers(bits: 16), width: 14),
        Subtype("nms_32", 0x24, nil, .integers(bits: 16), width: 14),
        Subtype("g721_32", 0x30, nil, .integers(bits: 16), width: 14),
        Subtype("g723_24", 0x31, nil, .integers(bits: 16), width: 14),
        Subtype("g723_40", 0x32, nil, .integers(bits: 16), width: 14),
        Subtype("dwvw_12", 0x40, nil, .integers(bits: 12), width: 12),
        Subtype("dwvw_16", 0x41, nil, .integers(bits: 16), width: 16),
        Subtype("dwvw_24", 0x42, nil, .integers(bits: 24), width: 24),
        Subtype("dpcm_8", 0x50, nil, .integers(bits: 8), width: 8),
        Subtype("dpcm_16", 0x51, nil, .integers(bits: 16), width: 16),
    ]

    /// The names of those that some format is written with.
    static var writable: [String] { all.map(\.name).filter { !["mp1", "mp2", "dwvw_12"].contains($0) } }

    static func named(_ name: String) -> Subtype? { all.first { $0.name == name } }
    static func ofCode(_ format: Int32) -> Subtype? { all.first { $0.code == format & mask } }
    static func ofEncoding(_ encoding: PCMEncoding) -> Subtype { all.first { $0.encoding == encoding } ?? s24 }

    static let mask: Int32 = 0x0000_FFFF
}

/// The letters after the last dot of a path's last part, in lower case; empty where there is no dot.
func pathExtension(_ path: String) -> String {
    let name = path.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
    return name[name.index(after: dot)...].lowercased()
}
