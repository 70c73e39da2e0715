internal import CSndfile
internal import Glibc

/// One of libsndfile's handles, open for reading or for writing. Closes it.
///
/// - Thread: one at a time.
package struct SoundFile: ~Copyable {
    /// What a file holds.
    package struct Shape: Sendable, Hashable {
        package var rate = 0
        package var channels = 0
        /// libsndfile's format word.
        package var format: Int32 = 0
        /// nil: only reading tells.
        package var frames: Int?
        package var isSeekable = false

        package init(rate: Int = 0, channels: Int = 0, format: Int32 = 0, frames: Int? = nil, isSeekable: Bool = false)
        {
            (self.rate, self.channels, self.format) = (rate, channels, format)
            (self.frames, self.isSeekable) = (frames, isSeekable)
        }
    }

    /// Used by this type's extensions only.
    let handle: OpaquePointer
    package let shape: Shape

    deinit { sf_close(handle) }

    /// Sends one of libsndfile's commands, whose constants are of another integer type than the function takes.
    @discardableResult
    func command(_ number: Int, _ data: UnsafeMutableRawPointer? = nil, _ size: Int = 0) -> Int {
        Int(sf_command(handle, Int32(number), data, Int32(size)))
    }

    // MARK: Opening

    /// Opens what lies behind a descriptor, which stays the caller's to close.
    ///
    /// libsndfile gets a descriptor of its own: whatever one tells it, it closes the one that it was given when it cannot
    /// open the file (seen with 1.2.0), and by then the number may be somebody else's.
    ///
    /// - Parameter raw: the format of a file without a header.
    /// - Throws: libsndfile's own words.
    package init(reading descriptor: Int32, raw: Shape? = nil) throws(SoundFileError) {
        var info = SF_INFO()
        if let raw { info = Self.info(raw) }
        let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard own >= 0 else { throw SoundFileError(message: String(cString: strerror(errno)), isSystem: true) }
        guard let handle = sf_open_fd(own, Int32(SFM_READ), &info, Int32(SF_TRUE)) else {
            throw SoundFileError.ofLastOpen()
        }
        self.handle = handle
        shape = Self.shape(info)
    }

    /// Opens an output that is written through `io`, which must outlive the handle.
    package init(writing shape: Shape, to io: UnsafeMutableRawPointer, by callbacks: Callbacks) throws(SoundFileError) {
        var info = Self.info(shape)
        var table = SF_VIRTUAL_IO(
            get_filelen: callbacks.length, seek: callbacks.seek, read: callbacks.read, write: callbacks.write,
            tell: callbacks.tell)
        // libsndfile copies the table.
        guard let handle = sf_open_virtual(&table, Int32(SFM_WRITE), &info, io) else {
            throw SoundFileError.ofLastOpen()
        }
        self.handle = handle
        self.shape = shape
    }

    /// How libsndfile reaches bytes that are not in a file of its own. The last argument is `io`.
    package struct Callbacks: Sendable {
        package let length: @convention(c) (UnsafeMutableRawPointer?) -> Int64
        package let seek: @convention(c) (Int64, Int32, UnsafeMutableRawPointer?) -> Int64
        package let read: @convention(c) (UnsafeMutableRawPointer?, Int64, UnsafeMutableRawPointer?) -> Int64
        package let write: @convention(c) (UnsafeRawPointer?, Int64, UnsafeMutableRawPointer?) -> Int64
        package let tell: @convention(c) (UnsafeMutableRawPointer?) -> Int64

        package init(
            length: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Int64,
            seek: @escaping @convention(c) (Int64, Int32, UnsafeMutableRawPointer?) -> Int64,
            read: @escaping @convention(c) (UnsafeMutableRawPointer?, Int64, UnsafeMutableRawPointer?) -> Int64,
            write: @escaping @convention(c) (UnsafeRawPointer?, Int64, UnsafeMutableRawPointer?) -> Int64,
            tell: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Int64
        ) {
            (self.length, self.seek, self.read, self.write, self.tell) = (length, seek, read, write, tell)
        }
    }

    /// True: libsndfile can write a file of this shape.
    package static func canWrite(_ shape: Shape) -> Bool {
        var info = info(shape)
        return sf_format_check(&info) != 0
    }

    private static func info(_ shape: Shape) -> SF_INFO {
        SF_INFO(
            frames: 0, samplerate: Int32(clamping: shape.rate), channels: Int32(clamping: shape.channels),
            format: shape.format, sections: 0, seekable: 0)
    }

    private static func shape(_ info: SF_INFO) -> Shape {
        Shape(
            rate: Int(info.samplerate), channels: Int(info.channels), format: info.format,
            frames: info.frames < .max && info.seekable != 0 ? Int(info.frames) : nil, isSeekable: info.seekable != 0)
    }

    // MARK: Reading

    /// True: raw samples lie in the other byte order than this machine's.
    package var isSwapped: Bool { command(SFC_RAW_DATA_NEEDS_ENDSWAP) != 0 }

    /// Reads decoded frames. Returns: fewer than asked for only at the end, or where the file is damaged.
    package func read(_ frames: UnsafeMutablePointer<Float>, count: Int) -> Int {
        Int(sf_readf_float(handle, frames, Int64(count)))
    }

    /// Reads stored bytes, whole frames of them.
    package func read(_ bytes: UnsafeMutableRawPointer, byteCount: Int) -> Int {
        Int(sf_read_raw(handle, bytes, Int64(byteCount)))
    }

    /// Goes to a frame. Returns: false if the file cannot.
    package func seek(to frame: Int) -> Bool { sf_seek(handle, Int64(frame), Int32(SEEK_SET)) == Int64(frame) }

    /// What went wrong last, if anything did.
    package var failure: String? { sf_error(handle) == 0 ? nil : String(cString: sf_strerror(handle)) }

    // MARK: Writing

    /// - Returns: how many frames were written; fewer than `count` after a failure.
    package func write(_ frames: UnsafePointer<Float>, count: Int) -> Int {
        Int(sf_writef_float(handle, frames, Int64(count)))
    }
    package func write(_ frames: UnsafePointer<Int32>, count: Int) -> Int {
        Int(sf_writef_int(handle, frames, Int64(count)))
    }
    package func write(_ frames: UnsafePointer<Int16>, count: Int) -> Int {
        Int(sf_writef_short(handle, frames, Int64(count)))
    }

    /// Writes stored bytes, whole frames of them.
    package func write(_ bytes: UnsafeRawPointer, byteCount: Int) -> Int {
        Int(sf_write_raw(handle, bytes, Int64(byteCount)))
    }

    /// Brings the header up to date with what was written so far.
    package func updateHeader() { command(SFC_UPDATE_HEADER_NOW) }

    /// Leaves out the chunk of peaks, which raw writing does not keep and which holds the time of day.
    package func leaveOutPeaks() { command(SFC_SET_ADD_PEAK_CHUNK, nil, SF_FALSE) }

    /// A file of less than 4 GiB becomes plain WAV when it is closed.
    package func downgradeRF64() { command(SFC_RF64_AUTO_DOWNGRADE, nil, SF_TRUE) }

    /// Sets how well, or how small, an encoder works: 0…1. Before the first frame.
    package func setQuality(_ ratio: Double, isCompression: Bool) {
        var value = ratio
        command(
            isCompression ? SFC_SET_COMPRESSION_LEVEL : SFC_SET_VBR_ENCODING_QUALITY, &value,
            MemoryLayout<Double>.size)
    }

    /// Finishes the file. Returns: libsndfile's words if that failed.
    package consuming func close() -> String? {
        let code = sf_close(handle)
        discard self
        return code == 0 ? nil : String(cString: sf_error_number(code))
    }
}

/// What libsndfile says about a file it cannot open.
package struct SoundFileError: Error {
    package let message: String
    /// True: the system refused, not the format.
    package let isSystem: Bool

    fileprivate static func ofLastOpen() -> Self {
        let text = String(cString: sf_strerror(nil))
        return Self(
            message: text.hasSuffix(".") ? String(text.dropLast()) : text, isSystem: Int(sf_error(nil)) == SF_ERR_SYSTEM
        )
    }
}
