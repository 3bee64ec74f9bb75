// Stored strings damaged at random: whatever a row of a foreign database holds, reading it and checking against it ends in an answer.
import PasswordHashing
import Testing

@Suite struct StoredStringMutationTests {
    @Test func `a damaged string is refused or is checked, and never takes the password by its spelling alone`() throws {
        let parameters = try #require(Argon2Parameters(memoryKiB: 64, iterations: 1, parallelism: 1))
        var random = SplitMix64(state: 0x4D61_7274_6C65_74)
        var checked = 0
        for vector in DjangoVector.checkable where isCheap(vector.encoded) {
            let hash = try PasswordHash(parsing: vector.encoded, allowingWeak: true)
            for original in [vector.encoded, try PasswordHash.wrapping(hash, parameters: parameters).encoded] {
                for _ in 0..<150 {
                    let text = damaged(original, &random)
                    guard let read = try? PasswordHash(parsing: text, allowingWeak: true) else { continue }
                    #expect(read.encoded == text)
                    #expect(read.scheme.hasPrefix("django.") || read.scheme.hasPrefix("wrapped.") || read.scheme == "argon2id")
                    guard isCheap(text) else { continue }
                    checked += 1
                    let matches = try read.verify(vector.password.bytes)
                    #expect(!matches || Array(text.utf8) == Array(original.utf8) || isSameSetting(text, original), "\(original) → \(text)")
                }
            }
        }
        #expect(checked > 500)
    }

    /// The letters of bcrypt's version stand for one algorithm.
    private func isSameSetting(_ text: String, _ original: String) -> Bool {
        let plain = { (text: String) in
            ["$2a$", "$2y$"].reduce(text) { $0.split(separator: $1, omittingEmptySubsequences: false).joined(separator: "$2b$") }
        }
        return plain(text) == plain(original)
    }

    /// Whether no number in it asks for more than milliseconds. Fields of letters alone count for nothing.
    private func isCheap(_ text: String) -> Bool {
        let fields = text.split(separator: "$")
        let numbers = fields.flatMap { $0.split(separator: ",") }.compactMap { field in
            Int(field.drop { "mtp=".contains($0) })
        }
        let isBcrypt = text.contains("bcrypt")
        return numbers.allSatisfy { $0 <= (isBcrypt ? 64 : 2000) } && (!isBcrypt || ["04", "05"].contains { text.contains("$\($0)$") })
    }

    private func damaged(_ text: String, _ random: inout SplitMix64) -> String {
        var bytes = Array(text.utf8)
        let letters = Array("$$$$,=0123456789abefzABZ./+-_!\u{0}\n é☃".utf8)
        for _ in 0...Int(random.next() % 3) {
            let place = Int(random.next() % UInt64(bytes.count + 1))
            let letter = random.next() % 8 == 0 ? UInt8(random.next() & 0xFF) : letters[Int(random.next() % UInt64(letters.count))]
            switch random.next() % 5 {
            case 0: bytes.insert(letter, at: place)
            case 1: if place < bytes.count { bytes.remove(at: place) }
            case 2: if place < bytes.count { bytes[place] = letter }
            case 3: bytes.removeSubrange(min(place, bytes.count)...)
            default: if place < bytes.count { bytes.swapAt(place, Int(random.next() % UInt64(bytes.count))) }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Sebastiano Vigna's generator, from a seed: a failure comes again.
    private struct SplitMix64 {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            return mixed ^ mixed >> 31
        }
    }
}
