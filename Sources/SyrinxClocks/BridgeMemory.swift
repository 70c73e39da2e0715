public import Synchronization

/// When a cycle of the master began, and which frames it holds.
@frozen @usableFromInline
struct CycleRecord: BitwiseCopyable {
    /// Frames of the master before it, counted by the bridge.
    @usableFromInline var frame: Int
    /// How many frames of audio came with it (playback).
    @usableFromInline var frames: Int
    /// When it began, ns.
    @usableFromInline var time: Int64

    @inlinable @_noLocks @_noAllocation
    init(frame: Int, frames: Int, time: Int64) {
        self.frame = frame
        self.frames = frames
        self.time = time
    }
}

/// What both threads of a bridge share: a ring of audio at R, a ring of records, and figures that anyone may read.
///
/// Capture numbers the ring's frames as the master counts them, so that what comes late is simply not there; playback
/// numbers them as they were stored, and the records tell which of the master's frames they are.
// SAFETY: of each pair of counters the writer of the ring alone stores `written`, and its reader alone `read`, each
// released after the elements were touched and acquired before. In capture `read` may pass `written`: then the writer
// goes on at `read`, and the reader takes frames below `written` only. Figures are single words with one writer each.
@frozen @usableFromInline
struct BridgeMemory: BitwiseCopyable, @unchecked Sendable {
    /// The places of the counters, each on cache lines of its own.
    @frozen @usableFromInline
    enum Cell: Int, CaseIterable {
        case written, read, recordsWritten, recordsRead
        // Figures that the render side writes…
        case renderMissing, renderDropped
        // …and the device side: a count, or the bits of a Double.
        case drift, error, isLocked, isLost, deviceMissing, resyncs, losses, consumed
    }

    @usableFromInline let channels: Int
    /// Frames that the audio ring holds, a power of two.
    @usableFromInline let capacity: Int
    /// `channels` planes of `capacity` frames.
    @usableFromInline let samples: UnsafeMutablePointer<Float>
    @usableFromInline let recordCapacity: Int
    @usableFromInline let records: UnsafeMutablePointer<CycleRecord>
    private let cells: UnsafeMutableRawPointer
    /// The first cell; the others lie 128 bytes apart.
    @usableFromInline let counters: UnsafeMutablePointer<Atomic<Int>>

    init(channels: Int, frames: Int, records: Int) {
        self.channels = channels
        capacity = Self.powerOfTwo(frames)
        samples = .allocate(capacity: channels * capacity)
        samples.initialize(repeating: 0, count: channels * capacity)
        recordCapacity = Self.powerOfTwo(records)
        self.records = .allocate(capacity: recordCapacity)
        self.records.initialize(repeating: CycleRecord(frame: 0, frames: 0, time: 0), count: recordCapacity)
        cells = .allocate(byteCount: Cell.allCases.count * 128, alignment: 128)
        counters = cells.bindMemory(to: Atomic<Int>.self, capacity: Cell.allCases.count * 16)
        for k in 0..<Cell.allCases.count * 16 { (counters + k).initialize(to: Atomic(0)) }
    }

    func deallocate() {
        samples.deallocate()
        records.deallocate()
        cells.deallocate()
    }

    private static func powerOfTwo(_ least: Int) -> Int {
        var result = 1
        while result < least { result *= 2 }
        return result
    }

    /// A counter, as the other side sees it.
    @inlinable @_noLocks @_noAllocation
    func acquire(_ cell: Cell) -> Int { counters[cell.rawValue &* 16].load(ordering: .acquiring) }

    /// A counter of one's own.
    @inlinable @_noLocks @_noAllocation
    func own(_ cell: Cell) -> Int { counters[cell.rawValue &* 16].load(ordering: .relaxed) }

    /// Shows a counter to the other side, with all that was done before.
    @inlinable @_noLocks @_noAllocation
    func release(_ cell: Cell, _ value: Int) { counters[cell.rawValue &* 16].store(value, ordering: .releasing) }

    /// Writes a figure.
    @inlinable @_noLocks @_noAllocation
    func set(_ cell: Cell, _ value: Int) { counters[cell.rawValue &* 16].store(value, ordering: .relaxed) }

    /// Adds to a figure of one's own.
    @inlinable @_noLocks @_noAllocation
    func add(_ cell: Cell, _ value: Int) { set(cell, own(cell) &+ value) }

    /// A figure that is a fraction.
    @inlinable @_noLocks @_noAllocation
    func figure(_ cell: Cell) -> Double { Double(bitPattern: UInt64(bitPattern: Int64(own(cell)))) }

    /// Frames at R that one side has made and the other has not used yet.
    @inlinable @_noLocks @_noAllocation
    func fill(isCapture: Bool) -> Int {
        max(0, own(.written) &- (isCapture ? own(.read) : own(.consumed)))
    }

    /// Adds a record. Returns: false, and nothing is added, while the ring is full. Thread: render.
    @inlinable @_noLocks @_noAllocation
    func push(_ record: CycleRecord) -> Bool {
        let written = own(.recordsWritten)
        if written &- acquire(.recordsRead) >= recordCapacity { return false }
        records[written & (recordCapacity &- 1)] = record
        release(.recordsWritten, written &+ 1)
        return true
    }
}
