// ProgressLine: how far long work has come, how fast it goes and how long it will take: a bar where somebody is looking, else a line
// every few seconds.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct ProgressLine: ~Copyable {
    private let what: String
    private let unit: String
    private let first: Int64
    private let isBar = isatty(STDERR_FILENO) == 1
    private let start = ContinuousClock.now
    private var lastShown: ContinuousClock.Instant?

    /// `first` are done already.
    init(_ what: String, unit: String, first: Int64 = 0) {
        self.what = what
        self.unit = unit
        self.first = first
    }

    /// Says that so many are done, unless it was said a moment ago.
    mutating func show(_ done: Int64, of total: Int64) {
        let now = ContinuousClock.now
        guard now - (lastShown ?? start) >= (isBar ? .milliseconds(200) : .seconds(5)) else { return }
        lastShown = now
        say(done, of: total, after: now - start)
    }

    /// Ends the line of a bar.
    func finish(_ done: Int64, of total: Int64) {
        guard isBar else { return }
        say(done, of: total, after: ContinuousClock.now - start)
        Terminal.note("")
    }

    private func say(_ done: Int64, of total: Int64, after elapsed: Duration) {
        let rate = Double(done - first) / max(elapsed.inSeconds, 0.001)
        let left = rate > 0 ? ", \(Quantity.duration(seconds: Double(max(total - done, 0)) / rate)) left" : ""
        let speed = "\(Quantity.count(Int64(rate))) \(unit)/s\(left)"
        guard isBar else {
            return Terminal.note("\(what): \(Quantity.count(done)) of \(Quantity.count(total)) \(unit), \(speed)")
        }
        let share = total > 0 ? min(Double(done) / Double(total), 1) : 1
        let filled = Int(share * 30)
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled)
        Terminal.note("\r\(what) [\(bar)] \(Int(share * 100)) %  \(speed)   ", endsLine: false)
    }
}

/// Numbers as people read them.
enum Quantity {
    /// `1,234,567`.
    static func count(_ number: Int64) -> String {
        var text = ""
        for (index, digit) in String(number.magnitude).reversed().enumerated() {
            if index > 0, index.isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return (number < 0 ? "-" : "") + String(text.reversed())
    }

    /// `14 s`, `3 min 20 s`, `2 h 5 min`.
    static func duration(seconds: Double) -> String {
        let whole = seconds < 1e9 ? Int(seconds.rounded(.up)) : 1_000_000_000
        return switch whole {
        case ..<60: "\(whole) s"
        case ..<3600: "\(whole / 60) min \(whole % 60) s"
        default: "\(whole / 3600) h \(whole % 3600 / 60) min"
        }
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
