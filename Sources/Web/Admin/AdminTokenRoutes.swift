// AdminTokenRoutes: tokens taken back, keys rotated, the audit trail read, and one token explained.

import Accounts
import HTTP
import MartletEncoding
import MartletJOSE
import MartletVerifier
import ResourceServer
import Store
import Tokens

struct AdminTokenRoutes: Sendable {
    let services: Services

    /// `POST /admin/api/revocations`.
    func revoke(_ request: Request) throws(Refusal) -> Outcome {
        let body = try JSONBody(request)
        let reason = try body.string("reason").map { String(decoding: $0.utf8.prefix(500), as: UTF8.self) }
        return try services.asAdministrator(request) { caller throws(Refusal) in
            let now = request.receivedAt
            let target = try target(body, at: now)
            return try services.commit(for: request, asAdministrator: caller) { transaction throws(StoreError) in
                try transaction.revoke(target, reason: reason, audit: caller.audit, at: now)
            } then: { event throws(Refusal) in
                guard let event else { throw .notFound("There is nothing of this name to revoke (any more).") }
                return .privateJSON(.created, Representation.revocation(event))
            }
        }
    }

    /// `GET /admin/api/revocations`.
    func revocations(_ request: Request) throws(Refusal) -> Outcome {
        let page = try Page(request)
        return try services.asAdministrator(request) { _ throws(Refusal) in
            let listing = try services.read { reads throws(StoreError) in try reads.revocations(at: request.receivedAt, page: page) }
            return .respond(.privateJSON(Representation.list(listing) { Representation.write($0, to: &$1) }))
        }
    }

    /// `GET /admin/api/keys`.
    func keys(_ request: Request) throws(Refusal) -> Outcome {
        try services.asAdministrator(request) { _ throws(Refusal) in .respond(try keyList()) }
    }

    /// `POST /admin/api/keys/rotate`.
    func rotateKeys(_ request: Request) throws(Refusal) -> Outcome {
        let body = try JSONBody(request, mayBeEmpty: true)
        let isEmergency = try body.bool("emergency") ?? false
        let purpose = SigningKeyRecord.Purpose(rawValue: try body.string("purpose") ?? SigningKeyRecord.Purpose.access.rawValue)
        guard let purpose else { throw .invalid([FieldProblem("purpose", "invalid", "access, refresh, feed or id.")]) }
        var algorithm: SignatureAlgorithm?
        if let name = try body.string("algorithm") {
            algorithm = SignatureAlgorithm(rawValue: name)
            let choices = purpose == .access ? SignatureAlgorithm.asymmetric : purpose == .id ? services.sessions.statementAlgorithms : []
            guard let algorithm, choices.contains(algorithm) else {
                let names = choices.map(\.name).joined(separator: ", ")
                let detail = names.isEmpty ? "For access and id alone." : "For \(purpose.rawValue), one of \(names)."
                throw .invalid([FieldProblem("algorithm", "invalid", detail)])
            }
        }
        let wanted = algorithm
        return try services.asAdministrator(request) { caller throws(Refusal) in
            guard purpose != .access || !services.ring.isShared else {
                throw .conflict("Tokens are signed with a shared secret (HS256), which is rotated by its setting.")
            }
            let outcome: KeyRotation.Outcome
            do throws(KeyRing.Failure) {
                outcome = try services.rotation.rotate(
                    purpose, algorithm: wanted, isEmergency: isEmergency, audit: caller.audit, at: request.receivedAt)
            } catch {
                throw Refusal(error)
            }
            guard outcome == .rotated else { throw .conflict("A key of this purpose is waiting already to become active.") }
            // Other processes follow the log; this one signs with the new key from the very next request.
            do throws(KeyRing.Failure) { try services.ring.reload() } catch { throw Refusal(error) }
            return .respond(try keyList())
        }
    }

    /// `GET /admin/api/audit`.
    func audit(_ request: Request) throws(Refusal) -> Outcome {
        let page = try Page(request)
        var filter = AuditFilter(actor: try request.query("actor"))
        if let name = try request.query("action") {
            guard let action = AuditAction(rawValue: name) else {
                let names = AuditAction.allCases.map(\.rawValue).joined(separator: ", ")
                throw .invalid([FieldProblem("action", "invalid", "One of \(names).")])
            }
            filter.action = action
        }
        if let text = try request.query("since") {
            guard let seconds = Int64(digits: ArraySlice(Array(text.utf8))) else {
                throw .invalid([FieldProblem("since", "invalid", "Seconds since 1970.")])
            }
            filter.since = UnixTime(seconds: seconds)
        }
        let wanted = filter
        return try services.asAdministrator(request) { _ throws(Refusal) in
            let listing = try services.read { reads throws(StoreError) in try reads.audit(wanted, page: page) }
            return .respond(.privateJSON(Representation.list(listing) { Representation.write($0, to: &$1) }))
        }
    }

    /// `POST /admin/api/explain`.
    func explain(_ request: Request) throws(Refusal) -> Outcome {
        let text = Array(try JSONBody(request).required("token").utf8)
        return try services.asAdministrator(request) { _ throws(Refusal) in
            do throws(StoreError) {
                return .respond(.privateJSON(try services.inspector.report(on: text, at: request.receivedAt).json))
            } catch {
                throw Refusal(error)
            }
        }
    }

    private func target(_ body: JSONBody, at now: UnixTime) throws(Refusal) -> RevocationTarget {
        let names = ["token", "jti", "session_id", "user_id", "client_id"]
        let given = names.filter(body.has)
        guard given.count == 1, let name = given.first else {
            throw .invalid([FieldProblem("token", "required", "Exactly one of \(names.joined(separator: ", ")).")])
        }
        let value = try body.required(name)
        guard value.utf8.count <= CompactJWS.maximumLength else { throw .invalid([FieldProblem(name, "too_long", "Too long.")]) }
        switch name {
        case "token": return try target(ofToken: Array(value.utf8), at: now)
        case "jti": return .token(id: value, until: nil)
        case "session_id": return .session(Session.id(ofAccessSessionID: value), ofUser: nil)
        case "user_id": return .user(UserID(value))
        default: return .client(value)
        }
    }

    /// An access token by its `jti`, a refresh token by its session. A 401 would speak of the administrator's own token, so what
    /// is wrong with this one is told as a problem of the member.
    private func target(ofToken text: [UInt8], at now: UnixTime) throws(Refusal) -> RevocationTarget {
        switch try? services.sessions.presented(text, at: now) {
        case .own(let refresh): return .session(refresh.session, ofUser: refresh.user)
        case .old(let refresh):
            let state = try services.read { reads throws(StoreError) in try reads.state(of: refresh.token, at: now) }
            if case .exchanged(let session) = state { return .session(session, ofUser: nil) }
            return .token(id: refresh.id, until: refresh.expiresAt)
        case nil: break
        }
        do throws(VerificationFailure) {
            let token = try services.anyAudience.examine(text, at: now)
            return try .init(ending: token)
        } catch {
            if error == .expired || error == .revoked { throw .notFound("The token is dead already: \(error.message)") }
            throw .invalid([FieldProblem("token", "invalid", error.message)])
        }
    }

    private func keyList() throws(Refusal) -> Response {
        let keys = try services.read { reads throws(StoreError) in try reads.keys(includingRetired: true) }
        return .privateJSON(Representation.keys(keys))
    }
}

extension Refusal {
    /// What the ring's troubles are to a client.
    init(_ failure: KeyRing.Failure) {
        switch failure {
        case .store(let error): self = Refusal(error)
        default:
            self = Refusal(
                .internalServerError, code: "internal_error", detail: "Something went wrong; the log knows more.",
                logDetail: "\(failure)")
        }
    }
}
