// ImportRules: what an import makes of an account: which roles it gets, which passwords are taken, and what is too odd to be taken.
// A pure function of the row and the rules; a row is taken as a whole or not at all.

import Accounts
import DjangoData
import MartletCryptography
import MartletEncoding
import PasswordHashing
import Store
import Tokens

/// What the operator chose.
struct ImportRules: Sendable {
    /// Whether superusers become administrators.
    var makesAdministrators = true
    /// Roles for members of groups that are not to have the group's own name.
    var groupRoles: [String: String] = [:]
    var weakPasswords = WeakPasswords.refused

    /// What happens to a digest that is found by trying passwords.
    enum WeakPasswords: String, Sendable {
        case refused, allowed, wrapped
    }

    /// What tells these rules from others.
    var text: String {
        let roles = groupRoles.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return "administrators=\(makesAdministrators) weak=\(weakPasswords.rawValue) roles=\(roles)"
    }

    /// The role of Django's staff.
    static let staff = "staff"
    /// Names that a group does not give its members unless the operator says so: the ones that mean something already.
    private static let reserved: Set<String> = [User.administrator, staff]

    /// The role that members of a group get; nil when it gives none.
    func role(ofGroup group: String) -> String? {
        groupRoles[group] ?? (Self.problem(ofGroup: group) == nil ? group : nil)
    }

    /// Why a group gives no role of its own name, in a few words; nil when it does. A role is read by programs, some of which separate
    /// roles by commas, strip them, or do not look at their case.
    static func problem(ofGroup group: String) -> String? {
        let scalars = group.unicodeScalars
        if reserved.contains(folded(group)) { return "it reads as \(folded(group)), which means something in Martlet" }
        if scalars.isEmpty { return "its name is empty" }
        if scalars.count > longestGroup { return "its name has more than \(longestGroup) characters" }
        if !isLine(group, most: longestGroup) { return "its name has control characters" }
        if scalars.contains(",") { return "its name has a comma" }
        return hasBlankEnd(group) ? "its name begins or ends with white space" : nil
    }

    /// Trimmed, without regard to case (ligatures and letters that have an ASCII capital included), full-width forms as ASCII.
    private static func folded(_ name: String) -> String {
        let scalars = name.unicodeScalars.prefix(longestGroup + 1).map { scalar in
            (0xFF01...0xFF5E).contains(scalar.value) ? Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar : scalar
        }
        let trimmed = scalars.drop { $0.properties.isWhitespace }.reversed().drop { $0.properties.isWhitespace }.reversed()
        let upper = trimmed.map(\.properties.uppercaseMapping).joined()
        return upper.unicodeScalars.map(\.properties.lowercaseMapping).joined()
    }

    /// An account to be made.
    struct Account: Sendable {
        var user: ImportedUser
        /// The scheme of its password; nil without one.
        var scheme: String?
        /// A hash that is to be wrapped before it is stored.
        var unwrapped: PasswordHash?
        /// Groups that gave no role.
        var leftOutGroups: [String]
    }

    /// Why a row is not taken.
    struct Refusal: Error, Sendable, Hashable {
        var reason: Reason
        var detail: String
    }

    /// The reasons, by the names in reports.
    enum Reason: String, Sendable, Hashable, CaseIterable {
        case unreadable
        case noUsername = "no_username"
        case badUsername = "bad_username"
        case badEmail = "bad_email"
        case badName = "bad_name"
        case weakPassword = "weak_password"
        case unknownPassword = "unknown_password"
        case costlyPassword = "password_out_of_range"
        /// Said by the store: an account of another key has this username.
        case usernameTaken = "username_taken"
        /// A row of the blacklist, not an account.
        case unreadableToken = "unreadable_token"
    }

    /// The account that a row becomes. Throws why it becomes none.
    func account(of row: DjangoUser, at now: UnixTime, random: RandomSource) throws(Refusal) -> Account {
        try checkUsername(row.username)
        let (email, isVerified) = try emailAddress(of: row)
        for name in [row.firstName, row.lastName] where !Self.isLine(name, most: Self.longestName) {
            throw Refusal(reason: .badName, detail: "the first or last name is too long or has control characters")
        }
        let password = try password(row.password)
        let (roles, leftOut) = roles(of: row)
        let attributes = JSONWriter.object { writer in
            writer.member("first_name", row.firstName)
            writer.member("last_name", row.lastName)
        }
        let user = ImportedUser(
            id: UserID(Identifier.uuid(at: now, random: random)), username: row.username,
            matchesExactly: (try? Username(parsing: row.username)) == nil, email: email, emailVerified: isVerified,
            displayName: row.firstName.isEmpty || row.lastName.isEmpty ? row.firstName + row.lastName : "\(row.firstName) \(row.lastName)",
            passwordHash: password?.encoded, roles: roles, isActive: row.isActive, createdAt: row.dateJoined ?? now,
            lastLoginAt: row.lastLogin, attributes: String(decoding: attributes, as: UTF8.self), externalID: row.key)
        let isToBeWrapped = weakPasswords == .wrapped && password?.isWeak == true
        return Account(
            user: user, scheme: password?.scheme, unwrapped: isToBeWrapped ? password : nil, leftOutGroups: leftOut)
    }

    // MARK: One field each

    private func checkUsername(_ username: String) throws(Refusal) {
        guard !username.isEmpty else { throw Refusal(reason: .noUsername, detail: "there is no username") }
        guard Self.isLine(username, most: Self.longestUsername) else {
            throw Refusal(
                reason: .badUsername, detail: "the username has control characters or more than \(Self.longestUsername) characters")
        }
        // Whoever reads it in a header would not see it.
        guard !Self.hasBlankEnd(username) else {
            throw Refusal(reason: .badUsername, detail: "the username begins or ends with white space")
        }
    }

    /// Django's own field, with what allauth knows of that address; allauth's primary one where that field is empty.
    private func emailAddress(of row: DjangoUser) throws(Refusal) -> (String?, isVerified: Bool) {
        let primary = row.emailAddresses.first(where: \.isPrimary)?.email ?? ""
        let email = row.email.isEmpty ? primary : row.email
        guard !email.isEmpty else { return (nil, false) }
        guard Self.isLine(email, most: Self.longestEmail) else {
            throw Refusal(
                reason: .badEmail, detail: "the e-mail address has control characters or more than \(Self.longestEmail) characters")
        }
        let folded = email.asciiLowercased
        return (email, row.emailAddresses.contains { $0.isVerified && $0.email.asciiLowercased == folded })
    }

    private func password(_ encoded: String) throws(Refusal) -> PasswordHash? {
        guard !encoded.isEmpty else { return nil }
        do throws(PasswordHashError) {
            return try PasswordHash(parsing: encoded, allowingWeak: weakPasswords != .refused)
        } catch {
            switch error {
            case .unusable: return nil
            case .weak:
                throw Refusal(
                    reason: .weakPassword,
                    detail: "the password is a bare digest (\(Self.scheme(encoded))): --wrap or --allow-weak takes it")
            case .parametersOutOfRange:
                throw Refusal(reason: .costlyPassword, detail: "the cost of the password's hash (\(Self.scheme(encoded))) is out of range")
            default:
                throw Refusal(reason: .unknownPassword, detail: "the password's hash (\(Self.scheme(encoded))) cannot be read")
            }
        }
    }

    private func roles(of row: DjangoUser) -> (roles: [String], leftOut: [String]) {
        var roles = Set<String>()
        var leftOut: [String] = []
        if row.isSuperuser, makesAdministrators { roles.insert(User.administrator) }
        if row.isStaff { roles.insert(Self.staff) }
        for group in row.groups {
            if let role = role(ofGroup: group) {
                roles.insert(role)
            } else {
                // One more than is allowed: it is still known as too long.
                leftOut.append(String(group.unicodeScalars.prefix(Self.longestGroup + 1)))
            }
        }
        return (roles.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }, leftOut)
    }

    /// What an encoded password calls its algorithm, if it looks like a name: nothing of the hash is ever told.
    private static func scheme(_ encoded: String) -> String {
        let name = encoded.prefix { $0 != "$" }
        let isName =
            (1...20).contains(name.utf8.count) && name.utf8.count < encoded.utf8.count
            && name.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || $0 == UInt8(ascii: "_")
            }
        return isName ? String(name) : "no scheme is named"
    }

    /// Whether a text is of so many characters at most, none of which is a control character.
    private static func isLine(_ text: String, most: Int) -> Bool {
        text.unicodeScalars.count <= most && !text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
    }

    private static func hasBlankEnd(_ text: String) -> Bool {
        [text.unicodeScalars.first, text.unicodeScalars.last].contains { $0?.properties.isWhitespace == true }
    }

    // Django's own are 150; a user model whose username is an e-mail address has more.
    private static let longestUsername = 254
    private static let longestEmail = 254
    private static let longestName = 255
    /// Django's own.
    private static let longestGroup = 150
}
