// KeyVerbs: the life of the keys, decided by their stored times so that any process may move them on.

import MartletEncoding
import Store

extension SQLTransaction {
    func addKey(_ key: SigningKeyRecord, audit: AuditContext?, at now: UnixTime) throws(StoreError) -> Bool {
        note(now)
        // Two processes that start at once must not make two first keys.
        let rivals = try keys(includingRetired: false).filter { $0.line == key.line }
        let isTaken = rivals.contains {
            $0.state == .next && $0.algorithm == key.algorithm || $0.state == .active && key.state == .active
        }
        if isTaken { return false }
        try insert(key)
        try append(.keyring, "", at: now)
        if let audit { try audited(.keyAdded, "key:\(key.id)", "\(key.purpose.rawValue) \(key.algorithm)", by: audit, at: now) }
        return true
    }

    func advanceKeys(at now: UnixTime, settleSeconds: Int64) throws(StoreError) -> Bool {
        note(now)
        var keys = try keys(includingRetired: false)
        var moved = false
        for place in keys.indices where keys[place].state == .next && keys[place].publishedAt.adding(seconds: settleSeconds) <= now {
            for other in keys.indices where keys[other].line == keys[place].line && keys[other].state == .active {
                keys[other].retiringAt = now
                try move(keys[other])
            }
            keys[place].activatedAt = now
            try move(keys[place])
            try audited(.keyPromoted, "key:\(keys[place].id)", by: AuditContext(actor: .system), at: now)
            moved = true
        }
        for key in keys {
            guard let retiringAt = key.retiringAt,
                max(key.lastTokenExpiresAt ?? retiringAt, retiringAt).adding(seconds: Self.skew) <= now
            else { continue }
            var key = key
            key.retiredAt = now
            try move(key)
            moved = true
        }
        if moved { try append(.keyring, "", at: now) }
        return moved
    }

    func replaceKeys(with replacements: [SigningKeyRecord], audit: AuditContext, at now: UnixTime) throws(StoreError) {
        note(now)
        for var key in try keys(includingRetired: false) {
            guard let replacement = replacements.first(where: { $0.line == key.line }) else { continue }
            key.retiredAt = now
            try move(key)
            // Whoever stole the key may give its tokens any time, and verifiers may go on believing it for a day without the issuer.
            let until = max(key.lastTokenExpiresAt ?? now, now.adding(seconds: Self.longestTrust)).adding(seconds: Self.skew)
            try append(.key, key.id, at: now, until: until, reason: "replaced by \(replacement.id)")
        }
        for var replacement in replacements {
            replacement.activatedAt = replacement.activatedAt ?? now
            try insert(replacement)
            try audited(.keysReplaced, "key:\(replacement.id)", replacement.purpose.rawValue, by: audit, at: now)
        }
        try append(.keyring, "", at: now)
    }

    func resealKeys(_ sealed: [(id: String, privateKey: [UInt8])]) throws(StoreError) {
        for (id, privateKey) in sealed { try connection.run(Statements.resealKey, [.text(id), .blob(privateKey)]) }
    }

    /// Seconds for which a verifier that cannot reach the issuer keeps its keys, unless it is told otherwise.
    private static let longestTrust: Int64 = 86_400

    private func insert(_ key: SigningKeyRecord) throws(StoreError) {
        try connection.run(
            Statements.insertKey,
            [
                .text(key.id), .text(key.purpose.rawValue), .text(key.algorithm), .blob(key.publicKey), .blob(key.privateKey),
                .time(key.publishedAt), .time(key.activatedAt), .time(key.retiringAt), .time(key.retiredAt),
                .time(key.lastTokenExpiresAt),
            ])
    }

    private func move(_ key: SigningKeyRecord) throws(StoreError) {
        try connection.run(
            Statements.moveKey, [.text(key.id), .time(key.activatedAt), .time(key.retiringAt), .time(key.retiredAt)])
    }
}
