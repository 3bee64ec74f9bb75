// RevocationEntry from a line of the log: what of it decides about tokens. Lines that only tell caches something are none.

import MartletEncoding
package import MartletVerifier
package import Store

extension RevocationEntry {
    /// What this event takes back; nil when it takes back nothing by itself.
    package init?(_ event: RevocationEvent) {
        let kind: RevocationDigest.Kind? =
            switch event.kind {
            case .session: .session
            case .token: .token
            case .client: .client
            case .key: .key
            case .user, .account, .keyring, .registration: nil
            }
        guard let kind else { return nil }
        self.init(
            kind: kind, digest: RevocationDigest(kind, event.target), until: event.until, issuedBefore: event.issuedBefore?.seconds)
    }
}

extension RevocationSet {
    /// Takes in events of the log.
    package func apply(_ events: [RevocationEvent]) {
        insert(events.lazy.compactMap { RevocationEntry($0) })
    }
}
