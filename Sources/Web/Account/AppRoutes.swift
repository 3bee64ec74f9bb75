// AppRoutes: the applications that a person let act for them: seen, and taken back one by one; by the person with a token of the
// first-party login, by administrators for anybody. A client's id may be an address: in a path its slashes are escaped (`%2F`).

import Accounts
import HTTP
import MartletEncoding
import OAuth
import ResourceServer
import Store
import Tokens

struct AppRoutes: Sendable {
    let services: Services

    /// `GET /api/v1/users/me/apps`.
    func list(_ request: Request) throws(Refusal) -> Outcome {
        let caller = try services.caller(request)
        return hop(to: .worker) { () throws(Refusal) in try list(of: caller.user, request) }
    }

    /// `DELETE /api/v1/users/me/apps/{client_id}`.
    func remove(_ request: Request) throws(Refusal) -> Outcome {
        let caller = try services.caller(request)
        let (client, audit, now) = (Self.client(request), caller.audit, request.receivedAt)
        return services.commit(for: request) { transaction throws(StoreError) in
            try transaction.withdrawConsent(of: caller.user, to: client, audit: audit, at: now)
        } then: { hadAny throws(Refusal) in
            try Self.removed(hadAny)
        }
    }

    /// `GET /admin/api/users/{id}/apps`.
    func listOfUser(_ request: Request) throws(Refusal) -> Outcome {
        let id = UserID(request.parameter("id") ?? "")
        return try services.asAdministrator(request) { _ throws(Refusal) in try list(of: id, request) }
    }

    /// `DELETE /admin/api/users/{id}/apps/{client_id}`.
    func removeOfUser(_ request: Request) throws(Refusal) -> Outcome {
        let id = UserID(request.parameter("id") ?? "")
        let (client, now) = (Self.client(request), request.receivedAt)
        return try services.asAdministrator(request) { caller throws(Refusal) in
            try services.commit(for: request, asAdministrator: caller) { transaction throws(StoreError) in
                try transaction.withdrawConsent(of: id, to: client, audit: caller.audit, at: now)
            } then: { hadAny throws(Refusal) in
                try Self.removed(hadAny)
            }
        }
    }

    private func list(of user: UserID, _ request: Request) throws(Refusal) -> Outcome {
        let apps: [GrantedApp]?
        do throws(StoreError) { apps = try services.oauth.apps(of: user, at: request.receivedAt) } catch { throw Refusal(error) }
        guard let apps else { throw Refusal(AccountError.notFound) }
        return .respond(.privateJSON(Representation.list(Listing(items: apps, next: nil)) { Representation.write($0, to: &$1) }))
    }

    private static func client(_ request: Request) -> String { request.parameter("client_id") ?? "" }

    private static func removed(_ hadAny: Bool) throws(Refusal) -> Response {
        guard hadAny else { throw .notFound("There is no such application.") }
        return .noContent
    }
}

extension Representation {
    /// An application that may act for a person.
    static func write(_ app: GrantedApp, to writer: inout JSONWriter) {
        writer.member("client_id", app.clientID)
        writer.member("client_name", app.name)
        writer.member("client_uri", app.home)
        writer.member("logo_uri", app.logo)
        writer.name("scopes")
        writer.array { writer in
            for scope in app.scopes {
                writer.object { writer in
                    writer.member("name", scope.name)
                    writer.member("description", scope.text)
                }
            }
        }
        writer.member("resources", app.resources)
        writer.member("granted_at", app.grantedAt)
        writer.member("has_sessions", app.hasSessions)
        writer.member("last_used_at", app.lastUsedAt)
    }
}
