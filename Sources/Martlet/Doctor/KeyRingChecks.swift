// KeyRingChecks: the key ring as it is stored: every key opens, each purpose has one that signs, none has waited for too long.

import MartletEncoding
import MartletJOSE
import Store
import Tokens

struct KeyRingChecks {
    private let installation: Installation
    private let now: UnixTime

    init(_ installation: Installation, at now: UnixTime) {
        self.installation = installation
        self.now = now
    }

    var findings: [Finding] {
        let keys: [SigningKeyRecord]
        do throws(StoreError) {
            keys = try installation.store.read { reads throws(StoreError) in try reads.keys(includingRetired: true) }
        } catch {
            return [.failed("key ring", error.detail, "Restore the database from a backup.")]
        }
        return [master(keys)] + SigningKeyRecord.Purpose.allCases.flatMap { findings(of: $0, keys.filter { $0.state != .retired }) }
    }

    private func master(_ keys: [SigningKeyRecord]) -> Finding {
        for key in keys {
            do throws(MasterKey.Failure) {
                _ = try installation.masterKey.open(key.privateKey, keyID: key.id)
            } catch {
                return .failed(
                    "master key", installation.explain(.sealed(error, keyID: key.id)).description,
                    "Restore database and master key from one backup.")
            }
        }
        return .ok("master key", "it opens all \(keys.count) keys")
    }

    private func findings(of purpose: SigningKeyRecord.Purpose, _ keys: [SigningKeyRecord]) -> [Finding] {
        let check = "key ring, \(purpose.rawValue)"
        let own = keys.filter { $0.purpose == purpose }
        // A shared secret stands in the place of keys for access tokens.
        if purpose == .access, installation.configuration.signingAlgorithm.isSymmetric { return [] }
        guard let active = own.last(where: { $0.state == .active }) else {
            return [.failed(check, "no key is active", "Start the service: it makes one.")]
        }
        var findings: [Finding] = []
        let days = max(now.seconds - (active.activatedAt ?? active.publishedAt).seconds, 0) / 86_400
        let most = installation.configuration.keyRotationDays
        if most > 0, days > most + 1 {
            findings.append(
                .warn(
                    check, "the \(active.algorithm) key is \(days) days old, \(most) are set",
                    "See that the service runs: it rotates by itself."))
        } else {
            findings.append(.ok(check, "the \(active.algorithm) key is \(days) days old, \(own.count - 1) more stand beside it"))
        }
        // An hour beyond the time in which caches learn of it: only a service that does not run lets one wait so long.
        if let next = own.first(where: { $0.state == .next }), next.publishedAt.adding(seconds: KeyRotation.settleSeconds + 3600) < now {
            findings.append(
                .failed(
                    check, "the next key waits since \(next.publishedAt.rfc3339)",
                    "See that the service runs, and its clock: it is due to sign."))
        }
        return findings
    }
}
