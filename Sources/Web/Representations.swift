// Representations: accounts, sessions and the other records as the JSON that the contract shows.

import Accounts
import HTTP
package import MartletEncoding
package import OAuth
package import Store
import Tokens

/// The contract's JSON for records.
package enum Representation {
    /// An account, as `GET /api/v1/users/me` and the admin API show it.
    package static func user(_ user: User) -> [UInt8] {
        JSONWriter.object { write(user, to: &$0) }
    }

    /// A revocation.
    package static func revocation(_ event: RevocationEvent) -> [UInt8] {
        JSONWriter.object { write(event, to: &$0) }
    }

    /// A client, as the admin API and the command line show it; with the secret where one was made just now.
    package static func client(_ draft: ClientDraft) -> [UInt8] {
        JSONWriter.object(capacity: 1024) { writer in
            writer.member("client_id", draft.record.id)
            if let secret = draft.secret { writer.member("client_secret", secret) }
            writer.member("origin", draft.record.origin.rawValue)
            writer.member("created_at", draft.record.createdAt)
            writer.member("updated_at", draft.record.updatedAt)
            draft.metadata.write(to: &writer)
            draft.policy.write(to: &writer)
        }
    }

    /// A line of a list of clients. What a client may write at length stands in its own answer alone.
    package static func write(line record: OAuthClient, _ client: Client, to writer: inout JSONWriter) {
        writer.member("client_id", record.id)
        writer.member("client_name", client.metadata.name)
        writer.member("origin", record.origin.rawValue)
        writer.member("token_endpoint_auth_method", client.metadata.authenticationMethod.rawValue)
        writer.member("grant_types", GrantType.allCases.filter(client.metadata.grants.contains).map(\.rawValue))
        writer.member("first_party", client.policy.isFirstParty)
        writer.member("created_at", record.createdAt)
        writer.member("updated_at", record.updatedAt)
    }

    /// Keys, as a list.
    package static func keys(_ keys: [SigningKeyRecord]) -> [UInt8] {
        list(Listing(items: keys, next: nil)) { write($0, to: &$1) }
    }

    static func write(_ user: User, to writer: inout JSONWriter) {
        writer.member("id", user.id.text)
        writer.member("username", user.username)
        writer.member("email", user.email)
        writer.member("email_verified", user.emailVerified)
        writer.member("display_name", user.displayName)
        writer.member("roles", user.roles)
        writer.member("is_active", user.isActive)
        writer.member("created_at", user.createdAt)
        writer.member("last_login_at", user.lastLoginAt)
    }

    static func write(_ session: Session, current: SessionID?, to writer: inout JSONWriter) {
        writer.member("id", session.id.text)
        writer.member("created_at", session.createdAt)
        writer.member("last_used_at", session.lastUsedAt)
        writer.member("ip", session.ip)
        writer.member("user_agent", session.userAgent)
        writer.member("client_id", session.clientID)
        writer.member("current", session.id == current)
    }

    static func write(_ event: RevocationEvent, to writer: inout JSONWriter) {
        writer.member("id", event.id)
        writer.member("kind", event.kind.rawValue)
        writer.member("target", event.target)
        writer.member("revoked_at", event.at)
        writer.member("expires_at", event.until)
        writer.member("reason", event.reason)
    }

    static func write(_ entry: AuditEntry, to writer: inout JSONWriter) {
        writer.member("id", entry.id)
        writer.member("at", entry.at)
        writer.member("actor", entry.actor)
        writer.member("action", entry.action.rawValue)
        writer.member("target", entry.target)
        writer.member("ip", entry.ip)
        writer.member("user_agent", entry.userAgent)
        writer.member("request_id", entry.requestID)
        writer.member("result", entry.result.rawValue)
        writer.member("detail", entry.detail)
        writer.member("count", entry.count)
    }

    static func write(_ key: SigningKeyRecord, to writer: inout JSONWriter) {
        writer.member("kid", key.id)
        writer.member("purpose", key.purpose.rawValue)
        writer.member("algorithm", key.algorithm)
        writer.member("state", key.state.rawValue)
        writer.member("published_at", key.publishedAt)
        writer.member("activated_at", key.activatedAt)
        writer.member("retiring_at", key.retiringAt)
        writer.member("retired_at", key.retiredAt)
        writer.member("last_token_expires_at", key.lastTokenExpiresAt)
    }

    /// `{"items":[…],"next_cursor":…}`.
    static func list<Item: Sendable>(_ listing: Listing<Item>, _ write: (Item, inout JSONWriter) -> Void) -> [UInt8] {
        JSONWriter.object(capacity: 4096) { writer in
            writer.name("items")
            writer.array { writer in
                for item in listing.items { writer.object { write(item, &$0) } }
            }
            writer.member("next_cursor", listing.next)
        }
    }
}
