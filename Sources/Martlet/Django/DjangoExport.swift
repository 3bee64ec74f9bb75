// DjangoExport: accounts on their way to a Django site. All of it is read from one snapshot, while the service goes on.

import DjangoData
import MartletEncoding
import PasswordHashing
import Store

struct DjangoExport {
    var store: any Store
    var dump: DjangoDump
    var isReplacing: Bool

    /// What was written.
    struct Outcome: Sendable {
        var users: Int64 = 0
        var groups: Int64 = 0
        /// Accounts whose wrapped hash Django cannot check: they come without a password.
        var wrapped: Int64 = 0
        /// Accounts that had no password.
        var withoutPassword: Int64 = 0
        /// Accounts that got a new primary key: they have none of Django's that is a number.
        var newKeys: Int64 = 0
        /// Accounts whose username is longer than Django's.
        var longUsernames: Int64 = 0
    }

    func callAsFunction() throws -> Outcome {
        var outcome = Outcome()
        var failure: (any Error)?
        try telling {
            try store.read { reads throws(StoreError) in
                do {
                    try write(reads, &outcome)
                } catch let error as StoreError {
                    throw error
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
        return outcome
    }

    private func write(_ reads: any StoreReads, _ outcome: inout Outcome) throws {
        var groups = Set<String>()
        var highestKey: Int64 = 0
        var total: Int64 = 0
        try each(reads) { user in
            total += 1
            groups.formUnion(user.roles)
            if let key = Self.key(of: user) { highestKey = max(highestKey, key) }
        }
        groups.subtract([User.administrator, ImportRules.staff])
        var line = ProgressLine("exporting", unit: "accounts")
        var done: Int64 = 0
        try reading { () throws(DjangoDataError) in
            for group in groups.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) { try dump.add(group: group) }
        }
        outcome.groups = Int64(groups.count)
        try each(reads) { user in
            let key: Int64
            if let own = Self.key(of: user) {
                key = own
            } else {
                highestKey += 1
                key = highestKey
                outcome.newKeys += 1
            }
            let row = Self.row(of: user, &outcome)
            try reading { () throws(DjangoDataError) in try dump.add(row, key: key) }
            done += 1
            line.show(done, of: total)
        }
        try reading { () throws(DjangoDataError) in try dump.finish(replacing: isReplacing) }
        line.finish(done, of: total)
        outcome.users = done
    }

    private func each(_ reads: any StoreReads, _ body: (User) throws -> Void) throws {
        var cursor: String?
        repeat {
            let listing = try reads.users(matching: nil, page: Page(limit: Page.maximumLimit, cursor: cursor))
            for user in listing.items { try body(user) }
            cursor = listing.next
        } while cursor != nil
    }

    private static func row(of user: User, _ outcome: inout Outcome) -> DjangoUser {
        let attributes = try? JSONDocument(parsing: Array(user.attributes.utf8)).root
        let firstName = attributes?["first_name"]?.string
        let lastName = attributes?["last_name"]?.string
        if user.username.unicodeScalars.count > longestName { outcome.longUsernames += 1 }
        // Django has no name of another form.
        let otherName = firstName == nil && lastName == nil ? String(user.displayName.unicodeScalars.prefix(longestName)) : ""
        return DjangoUser(
            key: user.externalID ?? "", username: user.username, email: user.email ?? "", password: password(of: user, &outcome),
            firstName: firstName ?? otherName, lastName: lastName ?? "",
            isActive: user.isActive, isStaff: user.roles.contains(ImportRules.staff), isSuperuser: user.roles.contains(User.administrator),
            lastLogin: user.lastLoginAt, dateJoined: user.createdAt,
            groups: user.roles.filter { $0 != User.administrator && $0 != ImportRules.staff })
    }

    /// What Django checks a password against; `!` for an account without one, which Django takes for that.
    private static func password(of user: User, _ outcome: inout Outcome) -> String {
        guard let encoded = user.passwordHash, let hash = try? PasswordHash(parsing: encoded, allowingWeak: true) else {
            outcome.withoutPassword += 1
            return "!"
        }
        guard let django = hash.djangoEncoded else {
            outcome.wrapped += 1
            return "!"
        }
        return django
    }

    private static func key(of user: User) -> Int64? {
        user.externalID.flatMap { Int64(digits: ArraySlice($0.utf8)) }.flatMap { $0 > 0 ? $0 : nil }
    }

    private static let longestName = 150
}
