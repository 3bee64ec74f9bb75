// Benchmarks: what one operation costs, next to the bare figure of the library below it, from the same run.
//
//     swift run -c release benchmarks                  every case, nanoseconds
//     swift run -c release benchmarks verify           those whose name has "verify" in it
//     benchmarks --repeat 1000 "verify, cached"        so many operations and nothing else: for callgrind
//
// Figures are medians of five rounds. They say something when the machine is quiet and the core is one:
// `taskset -c 0 benchmarks`.

import MartletJOSE

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@main
struct Benchmarks {
    static func main() throws {
        let words = Array(CommandLine.arguments.dropFirst())
        if words.first == "--repeat", words.count == 3, let count = Int(words[1]) {
            // Making an RSA key or a database is not what is counted.
            let cases = try JOSECases.all([.es256]) + RemoteCases.all() + HTTPCases.all() + OpenSSLCases.all()
            guard let chosen = cases.first(where: { $0.name == words[2] }) else { return print("there is no case \(words[2])") }
            return chosen.run(count)
        }
        let cases =
            try JOSECases.all([.es256, .edDSA, .rs256, .hs256]) + RemoteCases.all() + HTTPCases.all() + OpenSSLCases.all()
            + StoreCases.all()
        for chosen in cases where words.first.map({ chosen.name.contains($0) }) ?? true {
            let nanoseconds = chosen.measure()
            let rate = Int(1e9 / nanoseconds)
            print("\(pad(chosen.name, 44)) \(pad("\(rounded(nanoseconds)) ns", 14)) \(rate)/s")
        }
    }

    private static func rounded(_ value: Double) -> String {
        value < 100 ? "\((value * 10).rounded() / 10)" : "\(Int(value.rounded()))"
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(width - text.count, 0))
    }
}

/// One operation to be measured.
struct Case {
    let name: String
    /// Operations that one call of the closure's unit stands for.
    var operationsPerUnit = 1
    /// Runs so many units.
    let run: (Int) -> Void

    /// Nanoseconds for one operation: the median of five rounds of some 200 ms.
    func measure() -> Double {
        var units = 1
        while time({ run(units) }) < 20_000_000 { units *= 2 }
        let perRound = max(units * 10, 1)
        let rounds = (0..<5).map { _ in time { run(perRound) } / Double(perRound * operationsPerUnit) }
        return rounds.sorted()[2]
    }

    private func time(_ body: () -> Void) -> Double {
        let start = Self.now()
        body()
        return Double(Self.now() - start)
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
