// Migration: one numbered step of the schema, as a value. Where its text comes from is the caller's business.

/// One step forward of the schema.
package struct Migration: Sendable, Hashable {
    /// From 1, without gaps.
    package let number: Int
    package let name: String
    /// Any number of statements, without BEGIN and COMMIT.
    package let sql: String
    /// The highest number that a program must know to run on a database with this step. The step's own number says that
    /// older programs may not.
    package let requires: Int

    /// A step; without `requires`, older programs are refused on a database that has it.
    package init(number: Int, name: String, sql: String, requires: Int? = nil) {
        self.number = number
        self.name = name
        self.sql = sql
        self.requires = requires ?? number
    }

    /// A step from a file such as `0002_sessions.sqlite.sql`; nil for a file of another name.
    package init?(fileName: String, sql: String) {
        let suffix = ".sqlite.sql"
        guard fileName.utf8.count > suffix.utf8.count, fileName.hasSuffix(suffix) else { return nil }
        let parts = fileName.dropLast(suffix.count).split(separator: "_", maxSplits: 1)
        guard parts.count == 2, parts[0].utf8.count == 4, parts[0].utf8.allSatisfy({ (48...57).contains($0) }),
            let number = Int(parts[0])
        else { return nil }
        self.init(number: number, name: String(parts[1]), sql: sql)
    }

    /// FNV-1a, 64 bits, of the text: it notices a file that was edited, and is no defence against whoever can write the
    /// database. http://www.isthe.com/chongo/tech/comp/fnv/
    var checksum: String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in sql.utf8 {
            hash ^= UInt64(byte)
            hash = hash &* 0x0000_0100_0000_01B3
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
