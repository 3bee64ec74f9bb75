// DjangoPasswordRules: what Django's four usual validators say of a new password, in their order and words, for endpoints whose
// clients show them. The service's own rules (`Password`) hold besides.

import Store

/// The rules of `django-admin startproject`.
package struct DjangoPasswordRules: Sendable {
    private let common: CommonPasswords

    /// What of an account a password must not resemble.
    package struct Names: Sendable {
        fileprivate let values: [(name: String, value: String)]

        /// Every name; a missing one resembles nothing.
        package init(username: String, firstName: String? = nil, lastName: String? = nil, email: String?) {
            values = [
                ("username", username), ("first name", firstName ?? ""), ("last name", lastName ?? ""), ("email address", email ?? ""),
            ]
        }
    }

    package init(common: CommonPasswords) {
        self.common = common
    }

    /// What is wrong with a password whoever it belongs to; empty when nothing is.
    package func problems(of password: String) -> [String] {
        var problems: [String] = []
        if password.unicodeScalars.count < 8 {
            problems.append("This password is too short. It must contain at least 8 characters.")
        }
        if common.contains(password.asciiLowercased) { problems.append("This password is too common.") }
        let isNumeric = password.unicodeScalars.allSatisfy {
            $0.properties.numericType == .decimal || $0.properties.numericType == .digit
        }
        if isNumeric, !password.isEmpty { problems.append("This password is entirely numeric.") }
        return problems
    }

    /// The same, and first whether it resembles one of the account's names.
    package func problems(of password: String, for names: Names) -> [String] {
        let folded = Array(password.lowercased().unicodeScalars)
        let similar = names.values.first { _, value in
            let value = value.lowercased()
            let words = value.unicodeScalars.split { !Self.isWordScalar($0) }.map(Array.init)
            return !value.isEmpty && (words + [Array(value.unicodeScalars)]).contains { Self.areSimilar(folded, $0) }
        }
        return (similar.map { ["The password is too similar to the \($0.name)."] } ?? []) + problems(of: password)
    }

    /// Whether seven tenths of the two texts' characters, taken without regard to their order, are in both. A name that is much
    /// shorter than the password tells nothing.
    private static func areSimilar(_ password: [Unicode.Scalar], _ name: [Unicode.Scalar]) -> Bool {
        let isMuchShorter = password.count >= 10 * name.count && 20 * name.count < 7 * password.count
        guard !isMuchShorter, !name.isEmpty else { return false }
        var left: [Unicode.Scalar: Int] = [:]
        for scalar in name { left[scalar, default: 0] += 1 }
        var shared = 0
        for scalar in password where left[scalar, default: 0] > 0 {
            left[scalar, default: 0] -= 1
            shared += 1
        }
        return 20 * shared >= 7 * (password.count + name.count)
    }

    private static func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }
}
