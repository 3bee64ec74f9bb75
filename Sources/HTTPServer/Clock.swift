// Clock: deadlines run on a clock that only goes forward; dates on the one that tells the time (SystemClock).

import NIOCore

enum Clock {
    /// Milliseconds of a clock that only goes forward.
    static func monotonic() -> Int64 {
        Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000)
    }
}
