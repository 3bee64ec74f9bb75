// Clock: the two clocks of a server. Deadlines run on one that only goes forward, dates on the one that tells the time.

import MartletEncoding
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum Clock {
    /// Milliseconds of a clock that only goes forward.
    static func monotonic() -> Int64 {
        Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000)
    }

    /// The time of day.
    static func wall() -> UnixTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UnixTime(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
