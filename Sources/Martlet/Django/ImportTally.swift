// ImportTally: what an import counts, by section and name. It is part of the progress that is stored with each batch, so that a run
// that was ended on the way reports in the end what one run would have.

import MartletEncoding

struct ImportTally: Sendable, Hashable {
    private var counts: [Section: [String: Int64]] = [:]

    /// What is counted by names that are not known beforehand.
    enum Section: String, Sendable, Hashable, CaseIterable {
        case accounts, skipped, schemes, roles, leftOutGroups = "left_out_groups", tokens
    }

    /// The names in ``Section/accounts``.
    enum Accounts: String, CaseIterable {
        case read, created, present, exact = "found_by_exact_username_only", unverified = "email_left_unverified",
            withoutPassword = "without_password", inactive, wrapped
    }

    /// The names in ``Section/tokens``.
    enum Tokens: String, CaseIterable {
        case noted, expired, unreadable
    }

    init() {}

    subscript(name: Accounts) -> Int64 { self[.accounts, name.rawValue] }
    subscript(name: Tokens) -> Int64 { self[.tokens, name.rawValue] }
    subscript(section: Section, name: String) -> Int64 { counts[section]?[name] ?? 0 }

    mutating func add(_ name: Accounts, _ count: Int64 = 1) { add(.accounts, name.rawValue, count) }
    mutating func add(_ name: Tokens, _ count: Int64 = 1) { add(.tokens, name.rawValue, count) }
    mutating func add(_ reason: ImportRules.Reason) { add(.skipped, reason.rawValue, 1) }
    mutating func add(_ section: Section, _ name: String, _ count: Int64 = 1) { counts[section, default: [:]][name, default: 0] += count }

    /// The rows that were not taken.
    var skipped: Int64 { counts[.skipped]?.values.reduce(0, +) ?? 0 }

    /// The counts of a section, largest first.
    func sorted(_ section: Section) -> [(name: String, count: Int64)] {
        (counts[section] ?? [:]).sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }.map { ($0.key, $0.value) }
    }

    // MARK: As JSON

    /// Members for people's programs: a section is an object, its fixed names always there.
    func write(to writer: inout JSONWriter) {
        for section in Section.allCases {
            writer.name(section.rawValue)
            let fixed =
                switch section {
                case .accounts: Accounts.allCases.map(\.rawValue)
                case .tokens: Tokens.allCases.map(\.rawValue)
                case .skipped, .schemes, .roles, .leftOutGroups: [String]()
                }
            let others = sorted(section).map(\.name).filter { !fixed.contains($0) }
            writer.object { object in for name in fixed + others { object.member(name, self[section, name]) } }
        }
    }

    /// One array, to be read again: a reader of JSON bounds the members of an object, and groups are many.
    func writeStored(to writer: inout JSONWriter) {
        writer.array { array in
            for section in Section.allCases {
                for (name, count) in sorted(section) {
                    array.array { row in
                        row.string(section.rawValue)
                        row.string(name)
                        row.number(count)
                    }
                }
            }
        }
    }

    /// Reads what ``writeStored(to:)`` wrote; nil for anything else.
    init?(stored: JSONValue?) {
        guard let rows = stored?.elements else { return nil }
        for row in rows {
            guard let fields = row.elements, fields.count == 3, let section = fields[0].string.flatMap(Section.init(rawValue:)),
                let name = fields[1].string, let count = fields[2].integer
            else { return nil }
            add(section, name, count)
        }
    }
}
