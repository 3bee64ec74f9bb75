// GrantedApps: what a person let clients have, as the person sees it: the consents that are remembered, and the clients that have sessions
// without one, as an operator's own applications do.

package import MartletEncoding
package import Store

/// An application that may act for a person.
package struct GrantedApp: Sendable, Hashable {
    package let clientID: String
    /// The client's name, or its id.
    package let name: String
    package let home: String?
    package let logo: String?
    /// What it may do; the text is empty for a scope that is not known any more.
    package let scopes: [ScopeDescription]
    /// The APIs that its tokens may be for (RFC 8707).
    package let resources: [String]
    /// When the consent was given or last grew; nil where none is remembered.
    package let grantedAt: UnixTime?
    package let hasSessions: Bool
    /// nil without a session.
    package let lastUsedAt: UnixTime?
}

extension AuthorizationServer {
    /// The applications of a person, in the order of their names; nil when there is no such account. Blocks: for a worker. Asks no other
    /// host: an application that is described elsewhere is known by its address while its document is not here.
    package func apps(of user: UserID, at now: UnixTime) throws(StoreError) -> [GrantedApp]? {
        let found = try store.read { reads throws(StoreError) -> (consents: [Consent], sessions: [Session])? in
            guard try reads.user(user) != nil else { return nil }
            return (try reads.consents(of: user), try reads.clientSessions(of: user, at: now))
        }
        guard let found else { return nil }
        let sessions = Dictionary(grouping: found.sessions, by: \.clientID)
        let ids = Set(found.consents.map(\.clientID)).union(sessions.keys)
        return ids.map { id in
            app(id, found.consents.first { $0.clientID == id }, sessions[id] ?? [], at: now)
        }.sorted { ($0.name, $0.clientID) < ($1.name, $1.clientID) }
    }

    private func app(_ id: String, _ consent: Consent?, _ sessions: [Session], at now: UnixTime) -> GrantedApp {
        let client = clients.here(id, at: now)
        var scope = ScopeSet(stored: consent?.scope ?? "")
        var resources = consent?.resources ?? []
        for session in sessions {
            scope = scope.union(ScopeSet(stored: session.scope))
            let details = session.details.flatMap { try? GrantDetails(parsing: $0) }
            resources += details?.resources.filter { !resources.contains($0) } ?? []
        }
        return GrantedApp(
            clientID: id, name: client?.name ?? id, home: client?.metadata.pages.home, logo: client?.metadata.pages.logo,
            scopes: scope.names.map { ScopeDescription(name: $0, text: scopes.text(of: $0) ?? "") },
            resources: resources, grantedAt: consent?.grantedAt, hasSessions: !sessions.isEmpty,
            lastUsedAt: sessions.map(\.lastUsedAt).max())
    }
}
