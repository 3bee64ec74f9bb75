// AdminClientRoutes: clients of the authorization server in administrators' hands. `ETag` and `If-Match` stand for the client's
// version. A secret is shown in the answer that made it, and never again.

import Accounts
import HTTP
import MartletEncoding
import OAuth
import ResourceServer
import Store

struct AdminClientRoutes: Sendable {
    let services: Services

    /// `GET /admin/api/clients`.
    func list(_ request: Request) throws(Refusal) -> Outcome {
        let page = try Page(request)
        return try services.asAdministrator(request) { _ throws(Refusal) in
            let listing = try services.read { reads throws(StoreError) in try reads.clients(page: page) }
            let items = try listing.items.map { record throws(Refusal) in try Self.told { () throws(OAuthError) in try Client(record) } }
            let lines = Listing(items: Array(zip(listing.items, items)), next: listing.next)
            return .respond(.privateJSON(Representation.list(lines) { Representation.write(line: $0.0, $0.1, to: &$1) }))
        }
    }

    /// `POST /admin/api/clients`.
    func create(_ request: Request) throws(Refusal) -> Outcome {
        let body = try JSONBody(request)
        let (id, members) = (try body.string("client_id"), try body.object())
        let draft = try Self.told { () throws(OAuthError) in
            try services.registrar.make(
                try ClientMetadata(parsing: members), policy: try ClientPolicy(parsing: members), id: id, origin: .operator,
                at: request.receivedAt)
        }
        return try services.asAdministrator(request) { caller throws(Refusal) in
            try services.commit(for: request, asAdministrator: caller) { transaction throws(StoreError) in
                try transaction.addClient(draft.record, audit: caller.audit)
            } then: { isNew throws(Refusal) in
                guard isNew else { throw .conflict("There is a client of this client_id.") }
                return Self.respond(.created, draft).adding(.location, "/admin/api/clients/\(draft.record.id)")
            }
        }
    }

    /// `GET /admin/api/clients/{id}`.
    func read(_ request: Request) throws(Refusal) -> Outcome {
        let id = request.parameter("id") ?? ""
        return try services.asAdministrator(request) { _ throws(Refusal) in
            let record = try services.read { reads throws(StoreError) in try reads.client(id) }
            guard let record else { throw Self.notFound }
            return .respond(Self.respond(.ok, try Self.told { () throws(OAuthError) in try ClientDraft(of: record) }))
        }
    }

    /// `PATCH /admin/api/clients/{id}`.
    func change(_ request: Request) throws(Refusal) -> Outcome {
        let patch = try JSONBody(request).object()
        return try apply(request) { record throws(OAuthError) in try services.registrar.patching(record, with: patch) }
    }

    /// `POST /admin/api/clients/{id}/rotate-secret`.
    func rotateSecret(_ request: Request) throws(Refusal) -> Outcome {
        try apply(request) { record throws(OAuthError) in try services.registrar.rotatingSecret(record) }
    }

    /// `DELETE /admin/api/clients/{id}`.
    func delete(_ request: Request) throws(Refusal) -> Outcome {
        let id = request.parameter("id") ?? ""
        let version = try request.version(of: "client")
        return try services.asAdministrator(request) { caller throws(Refusal) in
            let now = request.receivedAt
            return try services.commit(for: request, asAdministrator: caller) { transaction throws(StoreError) -> ClientChange? in
                if let version, let record = try transaction.client(id), record.version != version { return .versionMismatch }
                return try transaction.removeClient(id, audit: caller.audit, at: now) ? nil : .notFound
            } then: { problem throws(Refusal) in
                if let problem { _ = try Self.draft(problem) }
                return .noContent
            }
        }
    }

    private func apply(
        _ request: Request, _ draft: @escaping @Sendable (OAuthClient) throws(OAuthError) -> ClientDraft
    ) throws(Refusal) -> Outcome {
        let id = request.parameter("id") ?? ""
        let version = try request.version(of: "client")
        return try services.asAdministrator(request) { caller throws(Refusal) in
            let now = request.receivedAt
            return try services.commit(for: request, asAdministrator: caller) { transaction throws(StoreError) in
                try transaction.changeClient(id, ifVersion: version, audit: caller.audit, at: now, draft)
            } then: { change throws(Refusal) in
                Self.respond(.ok, try Self.draft(change))
            }
        }
    }

    private static func draft(_ change: ClientChange) throws(Refusal) -> ClientDraft {
        switch change {
        case .changed(let draft): return draft
        case .notFound: throw notFound
        case .versionMismatch: throw .otherVersion(of: "client")
        case .refused(let error): throw refusal(error)
        }
    }

    private static func told<Value>(_ body: () throws(OAuthError) -> Value) throws(Refusal) -> Value {
        do throws(OAuthError) { return try body() } catch { throw refusal(error) }
    }

    /// What is wrong with a member, in this API's words.
    private static func refusal(_ error: OAuthError) -> Refusal {
        guard error.code != .serverError else {
            return Refusal(
                .internalServerError, code: "internal_error", detail: "Something went wrong; the log knows more.",
                logDetail: error.logDetail)
        }
        return .invalid([FieldProblem(error.member ?? "client", "invalid", error.description)])
    }

    private static let notFound = Refusal.notFound("There is no such client.")

    private static func respond(_ status: Status, _ draft: ClientDraft) -> Response {
        .privateJSON(status, Representation.client(draft)).adding(.etag, "\"\(draft.record.version)\"")
    }
}
