extension ClockBridge {
    /// Capture: hands over what the device has recorded.
    ///
    /// - Parameters:
    ///   - planes: channel c begins at c · `stride`.
    ///   - frames: how many; usually one period.
    ///   - time: when the last of them had been recorded, as well as the caller knows it; ns of CLOCK_MONOTONIC. A
    ///     device's own stamp (the frames available at a stated time) is better than the time at which a thread woke.
    /// - Thread: device. No lock, no memory, no libm.
    public func deliver(_ planes: UnsafePointer<Float>, stride: Int, frames: Int, time: Int64) {
        precondition(configuration.direction == .capture)
        takeRecords()
        device.frame += frames
        stampDevice(at: device.frame, time)
        var done = 0
        while done < frames {
            let piece = min(frames - done, resampler.largestAppend)
            for channel in 0..<configuration.channels {
                resampler.append(channel, planes + channel * stride + done, frames: piece)
            }
            resampler.finishAppend(piece)
            produce(piece)
            done += piece
        }
        showFigures()
    }

    /// Playback: fills what the device wants to play next. What has not come is silence, with rounded edges.
    ///
    /// - Parameters:
    ///   - planes: channel c begins at c · `stride`.
    ///   - frames: how many; usually one period.
    ///   - time: when the device asked for the first of them, as ``deliver(_:stride:frames:time:)`` has it.
    /// - Thread: device. No lock, no memory, no libm.
    public func fetch(into planes: UnsafeMutablePointer<Float>, stride: Int, frames: Int, time: Int64) {
        precondition(configuration.direction == .playback)
        takeRecords()
        stampDevice(at: device.frame, time)
        fill(planes, stride: stride, frames: frames)
        device.frame += frames
        memory.set(.consumed, device.stored - max(0, resampler.end - resampler.whole))
        showFigures()
    }

    /// The device is gone, or stands still. The render side hears silence and loses what it writes until the next
    /// ``deliver(_:stride:frames:time:)`` or ``fetch(into:stride:frames:time:)``, which begins a new time line of the
    /// device's clock, its drift remembered.
    ///
    /// - Thread: device.
    public func deviceLost() {
        if device.isLost { return }
        device.isLost = true
        device.isRunning = false
        device.hasRun = false
        device.goodSince = nil
        memory.add(.losses, 1)
        memory.set(.isLost, 1)
        memory.set(.isLocked, 0)
        // A device that plays again begins from silence, wherever it broke off.
        if configuration.direction == .playback { device.fade.reset() }
        restartDevice()
    }

    /// The device lost frames, or its thread knows that time made a leap (xrun): its time line begins anew at the next
    /// call, at once rather than after the 100 ms in which a leap is told from a late wake.
    ///
    /// - Thread: device.
    public func resynchronise() { restartDevice() }

    private func restartDevice() {
        if configuration.direction == .capture {
            device.follower.source.restart()
            resampler.restart(at: device.frame)
            device.isRunning = false
        } else {
            device.follower.target.restart()
        }
    }

    /// Takes in what the render thread has told since the last call: when its cycles began, and in playback their audio.
    private func takeRecords() {
        let written = memory.acquire(.recordsWritten)
        var read = memory.own(.recordsRead)
        while read != written {
            let record = memory.records[read & (memory.recordCapacity - 1)]
            if record.time != device.lastCycle {
                device.lastCycle = record.time
                if device.origin == nil { device.origin = record.time }
                let time = Double(record.time - (device.origin ?? 0))
                let verdict =
                    configuration.direction == .capture
                    ? device.follower.target.update(frames: record.frame, time: time)
                    : device.follower.source.update(frames: record.frame, time: time)
                if verdict == .jumped { device.goodSince = nil }
            }
            if configuration.direction == .playback { takeAudio(record) }
            read += 1
            memory.release(.recordsRead, read)
        }
    }

    /// Moves a record's audio from the ring to the resampler.
    private func takeAudio(_ record: CycleRecord) {
        if record.frame != resampler.end {
            // Frames in between were dropped, or these are the first.
            resampler.restart(at: record.frame)
            device.isRunning = false
        }
        var done = 0
        while done < record.frames {
            let from = device.stored & (memory.capacity - 1)
            let piece = min(record.frames - done, memory.capacity - from, resampler.largestAppend)
            for channel in 0..<configuration.channels {
                resampler.append(channel, memory.samples + channel * memory.capacity + from, frames: piece)
            }
            resampler.finishAppend(piece)
            device.stored += piece
            done += piece
        }
        memory.release(.read, device.stored)
    }

    private func stampDevice(at frame: Int, _ time: Int64) {
        if device.isLost {
            device.isLost = false
            memory.set(.isLost, 0)
        }
        if device.origin == nil { device.origin = time }
        let time = Double(time - (device.origin ?? 0))
        let verdict =
            configuration.direction == .capture
            ? device.follower.source.update(frames: frame, time: time)
            : device.follower.target.update(frames: frame, time: time)
        if verdict == .jumped { device.goodSince = nil }
    }

    /// Finds the pace at which the resampler goes on from a frame of the target, and whether it is still in step.
    private func pace(at frame: Int, over frames: Int) -> Double {
        let error = device.follower.error(of: frame, whole: resampler.whole, fraction: resampler.fraction)
        device.error = error
        if device.isRunning, abs(error) > device.follower.largestError {
            device.isRunning = false
            device.goodSince = nil
        }
        return device.follower.step(over: frames, correcting: device.isRunning ? error : nil)
    }

    /// Puts the resampler where it belongs for a frame of the target; never back to what has been heard.
    ///
    /// - Returns: how many frames of silence must come first; 0: it is there.
    private func join(at frame: Int, step: Double) -> Int {
        // Not into the silence before the beginning either: its end would be an edge.
        let earliest = max(device.heard + 1, resampler.begin + resampler.halfLength)
        let ahead = device.follower.place(of: frame, from: earliest)
        device.fade.breakOff()
        if ahead < 0 { return Int(-ahead / step) + 1 }
        resampler.place(at: earliest, ahead)
        device.isRunning = true
        device.error = 0
        if device.hasRun { memory.add(.resyncs, 1) }
        device.hasRun = true
        return 0
    }

    /// Capture: makes what the input suffices for, into the ring.
    private func produce(_ inputFrames: Int) {
        let frames = Int(Double(inputFrames) / device.follower.nominalStep)
        guard device.follower.isKnown else { return }
        let read = memory.acquire(.read)
        var written = memory.own(.written)
        if written < read {
            // The reader has gone on without them.
            resampler.advance(by: Double(read - written) * device.step)
            written = read
        }
        if resampler.whole - resampler.halfLength + 1 < resampler.first { device.isRunning = false }
        let step = pace(at: written, over: frames)
        device.step = step
        var room = read + memory.capacity - written
        while room > 0 {
            let to = written & (memory.capacity - 1)
            var frames = min(room, memory.capacity - to)
            let samples = memory.samples + to
            let silence = device.isRunning ? 0 : join(at: written, step: step)
            if silence > 0 {
                frames = min(frames, silence)
                for channel in 0..<configuration.channels {
                    device.fade.missing(samples + channel * memory.capacity, channel: channel, frames: frames)
                }
                device.fade.advance(frames, isLive: false)
            } else {
                frames = min(frames, resampler.readyFrames(step: step))
                if frames == 0 { break }
                renderLive(samples, stride: memory.capacity, frames: frames, step: step)
            }
            written += frames
            room -= frames
        }
        memory.release(.written, written)
    }

    /// Playback: makes `frames` frames, of sound or of silence.
    private func fill(_ planes: UnsafeMutablePointer<Float>, stride: Int, frames: Int) {
        var step = device.follower.nominalStep
        if device.follower.isKnown {
            if resampler.whole - resampler.halfLength + 1 < resampler.first { device.isRunning = false }
            step = pace(at: device.frame, over: frames)
        } else {
            device.isRunning = false
        }
        var done = 0
        while done < frames {
            var silence = frames - done
            if device.follower.isKnown {
                silence = device.isRunning ? 0 : min(silence, join(at: device.frame + done, step: step))
            }
            if silence == 0 {
                let ready = min(frames - done, resampler.readyFrames(step: step))
                if ready > 0 {
                    renderLive(planes + done, stride: stride, frames: ready, step: step)
                    done += ready
                    continue
                }
                // Starved: time goes on all the same.
                silence = frames - done
                resampler.advance(by: Double(silence) * step)
            }
            device.fade.breakOff()
            for channel in 0..<configuration.channels {
                device.fade.missing(planes + channel * stride + done, channel: channel, frames: silence)
            }
            device.fade.advance(silence, isLive: false)
            memory.add(.deviceMissing, silence)
            done += silence
        }
    }

    private func renderLive(_ samples: UnsafeMutablePointer<Float>, stride: Int, frames: Int, step: Double) {
        resampler.render(into: samples, stride: stride, frames: frames, step: step)
        for channel in 0..<configuration.channels {
            device.fade.live(samples + channel * stride, channel: channel, frames: frames)
        }
        device.fade.advance(frames, isLive: true)
        device.heard = resampler.whole
    }

    private func showFigures() {
        let follower = device.follower
        guard follower.isKnown else { return }
        let ratio = follower.target.framePeriod / follower.source.framePeriod / follower.nominalStep
        let drift = configuration.direction == .capture ? ratio - 1 : 1 / ratio - 1
        memory.set(.drift, Int(bitPattern: UInt((drift * 1e6).bitPattern)))
        memory.set(.error, Int(bitPattern: UInt((device.error * 1e-6).bitPattern)))
        let now = follower.target.smoothTime
        if !device.isRunning || !follower.isSettled || abs(device.error) > 2.5e5 {
            device.goodSince = nil
        } else if device.goodSince == nil {
            device.goodSince = now
        }
        let isLocked = device.goodSince.map { now - $0 > 5e8 } ?? false
        memory.set(.isLocked, isLocked ? 1 : 0)
    }
}
