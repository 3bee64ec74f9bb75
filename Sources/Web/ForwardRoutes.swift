// ForwardRoutes: the door for reverse proxies (nginx auth_request, Traefik forwardAuth, Caddy forward_auth): is this request's
// token good, and whose is it? Answered on the loop; only an account that nobody asked for lately is read on a worker.

import Accounts
import HTTP
import MartletEncoding
import MartletVerifier
import ResourceServer
import Store
import Tokens

struct ForwardRoutes: Sendable {
    let services: Services

    /// `GET /auth/forward`: 200 with who it is in `X-Auth-…`, or 401, or 403. Demands: `?scope=` all of them, `?role=` one of
    /// them, `?audience=` in the place of the issuer. The token of an application's session needs one of scope and audience.
    func forward(_ request: Request) throws(Refusal) -> Outcome {
        // The verifier of the issuer's own APIs may know another audience, which a proxy asks for by name.
        let named = try request.query("audience")
        let audience = named ?? (services.hasOtherAudience ? services.issuer : nil)
        let token = try verified(request, by: audience == nil ? services.verifier : services.anyAudience)
        if let audience, !token.audience.contains(where: { $0.utf8.elementsEqual(audience.utf8) }) {
            // The service before may have written no audience: its tokens were for all of its APIs.
            guard token.isFromOldIssuer, token.audience.isEmpty else { throw Refusal(VerificationFailure.wrongAudience) }
        }
        let scopes = try words("scope", request)
        let missing = scopes.first { !token.hasScope($0) }
        if let missing { throw Refusal(VerificationFailure.insufficientScope(missing)) }
        // What a person let a client have is no key to every application of theirs: where the proxy names neither scope nor audience,
        // their own login opens the door, and no client's session.
        guard !scopes.isEmpty || named != nil || !Self.isOfClientsSession(token) else {
            throw Refusal(VerificationFailure.insufficientScope(FirstPartyScope.account.rawValue))
        }
        let roles = try words("role", request)
        if token.isFromOldIssuer {
            return hop(to: .worker) { () throws(Refusal) in
                let user = try services.oldAccount(of: token, at: request.receivedAt)
                // Whoever holds the old key could be any account by it, but no administrator.
                let held = user.roles.filter { $0 != User.administrator }
                try demand(roles, of: held)
                return .respond(Self.answer(token, subject: user.id.text, username: user.username, roles: held))
            }
        }
        try demand(roles, of: token.roles)
        // A token of a client's own has no account behind it.
        guard let subject = token.subject, token.sessionID != nil else {
            return .respond(Self.answer(token, subject: token.subject ?? "", username: "", roles: token.roles))
        }
        return try services.account(UserID(subject)) { entry in
            .respond(Self.answer(token, subject: subject, username: entry.user.username, roles: token.roles))
        }
    }

    /// A proof is for the request that the proxy asks about, which a trusted one tells in its `X-Forwarded-` fields; what another peer
    /// writes there is its own word.
    private func verified(_ request: Request, by verifier: TokenVerifier) throws(Refusal) -> VerifiedToken {
        let shown = try request.shownToken(services.schemes)
        do throws(VerificationFailure) {
            guard shown.isProven else { return try verifier.verify(shown.text, at: request.receivedAt) }
            guard request.isForwarded, let method = request.header(.xForwardedMethod), let scheme = request.header(.xForwardedProto),
                let host = request.header(.xForwardedHost), let target = request.header(.xForwardedURI), target.utf8.first == 0x2F
            else { return try verifier.verify(shown.text, proof: request.proof(method: "", uri: nil), at: request.receivedAt) }
            let proof = request.proof(method: method, uri: "\(scheme)://\(host)\(target)")
            return try verifier.verify(shown.text, proof: proof, at: request.receivedAt)
        } catch {
            throw Refusal(error, of: verifier, at: request.receivedAt)
        }
    }

    private func demand(_ wanted: [String], of roles: [String]) throws(Refusal) {
        guard wanted.isEmpty || wanted.contains(where: roles.contains) else {
            throw .forbidden("This needs the role \(wanted.joined(separator: " or ")).")
        }
    }

    /// Whether it speaks for a person by the session of an application that they let in, not by their own login, or an administrator's in
    /// their place.
    private static func isOfClientsSession(_ token: VerifiedToken) -> Bool {
        guard token.sessionID != nil, !token.isFromOldIssuer, let client = token.clientID else { return false }
        return client != TokenPolicy.firstPartyClient && !Session.isImpersonation(client: client)
    }

    /// Every field every time, empty where there is nothing: a proxy that copies them overwrites what a client forged.
    private static func answer(_ token: VerifiedToken, subject: String, username: String, roles: [String]) -> Response {
        var headers = Headers([(.cacheControl, "no-store")])
        headers.append("x-auth-subject", subject)
        headers.append("x-auth-username", username)
        headers.append("x-auth-scope", token.scopes.joined(separator: " "))
        headers.append("x-auth-roles", roles.filter(isOneWord).joined(separator: ","))
        headers.append("x-auth-session", token.sessionID.map { Session.id(ofAccessSessionID: $0).text } ?? "")
        return Response(.ok, headers: headers)
    }

    /// Whether a role is read as itself where commas separate, blanks at the ends are stripped and control characters left out
    /// (``Headers/append(_:_:)``). Imported accounts have roles of their groups' names.
    private static func isOneWord(_ role: String) -> Bool {
        guard let first = role.unicodeScalars.first, let last = role.unicodeScalars.last else { return false }
        return !first.properties.isWhitespace && !last.properties.isWhitespace
            && !role.unicodeScalars.contains { $0 == "," || $0.properties.generalCategory == .control }
    }

    /// A demand that names nothing is a slip in a proxy's configuration, and must not let everybody in.
    private func words(_ name: String, _ request: Request) throws(Refusal) -> [String] {
        guard let text = try request.query(name) else { return [] }
        let words = text.split { $0 == " " || $0 == "," }.map(String.init)
        guard !words.isEmpty else { throw .invalidRequest("\(name) names nothing.") }
        return words
    }
}
