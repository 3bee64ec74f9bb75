// RegistrationRoutes: clients register themselves, and look after themselves with the token that they got then.

import Accounts
import HTTP
import MartletEncoding
import OAuth
import ResourceServer
import Store
import Tokens

struct RegistrationRoutes: Sendable {
    let services: Services

    /// `POST /oauth2/register` (RFC 7591 §3.1).
    func register(_ request: Request) throws(Refusal) -> Outcome {
        let token = try Self.token(request)
        let now = request.receivedAt
        let origin: OAuthClient.Origin
        do throws(OAuthError) {
            origin = try services.clientRegistration.asker(bearing: token)
        } catch {
            // A token that is wrong counts as a client: it is not to be guessed.
            if token != nil { try count(request) }
            var refusal = Refusal(error)
            if error.code == .accessDenied { refusal.status = .forbidden }
            throw refusal
        }
        let document = try Self.body(request)
        let draft = try Self.told { () throws(OAuthError) in
            try services.clientRegistration.client(document.root, for: origin, at: now)
        }
        if origin == .anonymous { try count(request) }
        let audit = AuditContext(request)
        return checkingSector(document, request) {
            services.commit(for: request) { transaction throws(StoreError) in
                try transaction.addClient(draft.record, audit: audit)
            } then: { _ throws(Refusal) in
                .privateJSON(.created, services.clientRegistration.answer(draft, token: draft.registrationToken ?? ""))
            }
        }
    }

    /// `GET /oauth2/register/{id}` (RFC 7592 §2.1).
    func read(_ request: Request) throws(Refusal) -> Outcome {
        let (id, token) = (request.parameter("id") ?? "", try Self.requiredToken(request))
        return hop(to: .worker) { () throws(Refusal) in
            let record = try services.read { reads throws(StoreError) in try reads.client(id) }
            guard let record, ClientRegistrar.isRight(token, of: record) else { throw Self.refusal }
            let draft = try Self.told { () throws(OAuthError) in try ClientDraft(of: record) }
            return .respond(.privateJSON(services.clientRegistration.answer(draft, token: token)))
        }
    }

    /// `PUT /oauth2/register/{id}` (RFC 7592 §2.2).
    func update(_ request: Request) throws(Refusal) -> Outcome {
        let (id, token) = (request.parameter("id") ?? "", try Self.requiredToken(request))
        let document = try Self.body(request)
        try count(request)
        let now = request.receivedAt
        let audit = AuditContext(request)
        let change: @Sendable () -> Outcome = {
            services.commit(for: request) { transaction throws(StoreError) -> ClientChange in
                guard let record = try transaction.client(id), ClientRegistrar.isRight(token, of: record) else { return .notFound }
                return try transaction.changeClient(id, audit: audit, at: now) { record throws(OAuthError) in
                    try services.clientRegistration.updating(record, to: document.root)
                }
            } then: { change throws(Refusal) in
                switch change {
                case .changed(let draft): return .privateJSON(services.clientRegistration.answer(draft, token: token))
                case .notFound, .versionMismatch: throw Self.refusal
                case .refused(let error): throw Refusal(error)
                }
            }
        }
        guard services.clientRegistration.namesSector(document.root) else { return change() }
        // Nobody has another host called for a client that is not theirs.
        return hop(to: .worker) { () throws(Refusal) in
            let record = try services.read { reads throws(StoreError) in try reads.client(id) }
            guard let record, ClientRegistrar.isRight(token, of: record) else { throw Self.refusal }
            return checkingSector(document, request, then: change)
        }
    }

    /// `DELETE /oauth2/register/{id}` (RFC 7592 §2.3).
    func remove(_ request: Request) throws(Refusal) -> Outcome {
        let (id, token) = (request.parameter("id") ?? "", try Self.requiredToken(request))
        let now = request.receivedAt
        let audit = AuditContext(request)
        return services.commit(for: request) { transaction throws(StoreError) in
            guard let record = try transaction.client(id), ClientRegistrar.isRight(token, of: record) else { return false }
            return try transaction.removeClient(id, audit: audit, at: now)
        } then: { isRemoved throws(Refusal) in
            guard isRemoved else { throw Self.refusal }
            return .noContent
        }
    }

    /// Goes on at once, or once the document of the client's sector has said that it is of it.
    private func checkingSector(
        _ document: JSONDocument, _ request: Request, then body: @escaping @Sendable () -> Outcome
    ) -> Outcome {
        guard services.clientRegistration.namesSector(document.root) else { return body() }
        return hop(to: .outbound) { () throws(Refusal) in
            try Self.told { () throws(OAuthError) in try services.clientRegistration.checkSector(document.root, at: request.receivedAt) }
            return body()
        }
    }

    private func count(_ request: Request) throws(Refusal) {
        do throws(AccountError) {
            try services.throttle.countClientRegistration(from: services.client(request).address, at: request.receivedAt)
        } catch {
            guard case .rateLimited(let seconds) = error else { throw Refusal(error) }
            throw Refusal(
                .tooManyRequests, code: OAuthError.Code.temporarilyUnavailable.rawValue,
                detail: "Too many clients were registered; try again later.", retryAfter: seconds)
        }
    }

    /// The bearer token; nil without `Authorization`. Throws `invalid_token` for another scheme.
    private static func token(_ request: Request) throws(Refusal) -> String? {
        guard request.headerCount(.authorization) > 0 else { return nil }
        guard let bytes = try? request.bearerToken() else {
            throw Refusal(OAuthError(.invalidToken, "The token is taken as Authorization: Bearer … and in no other way."))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func requiredToken(_ request: Request) throws(Refusal) -> String {
        guard let token = try token(request) else { throw refusal }
        return token
    }

    private static func body(_ request: Request) throws(Refusal) -> JSONDocument {
        guard request.contentType == "application/json" else {
            throw Refusal(OAuthError(.invalidRequest, "The body must be application/json."))
        }
        guard let document = try? JSONDocument(parsing: request.body), document.root.isObject else {
            throw Refusal(OAuthError(.invalidClientMetadata, "The body is not one JSON object."))
        }
        return document
    }

    private static func told<Value>(_ body: () throws(OAuthError) -> Value) throws(Refusal) -> Value {
        do throws(OAuthError) { return try body() } catch { throw Refusal(error) }
    }

    /// RFC 7592 §2.1: 401 for a token that is not this client's, and for a client that does not exist: the two look the same.
    private static let refusal = Refusal(OAuthError(.invalidToken, "The registration access token is not one of this client."))
}
