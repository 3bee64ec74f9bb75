// RefreshTokenGrant: the next tokens of a client's session (OAuth 2.1 §4.3). The rotation is that of every session (`RotationOutcome`):
// each refresh token is good once, but for a grace, and one that comes back later ends the session, for public and confidential
// clients alike (RFC 9700 §4.14.2).

import Accounts
import MartletEncoding
import Store
import Tokens

extension AuthorizationServer {
    /// `grant_type=refresh_token`. Throws `invalid_request`, `invalid_grant` for what is no refresh token; the rest comes later.
    func refresh(_ request: TokenRequest) throws(OAuthError) -> PendingGrant {
        let (parameters, client, now) = (request.parameters, request.client, request.now)
        let text = try parameters.required("refresh_token")
        let asked = try parameters["scope"].map { text throws(OAuthError) in try ScopeSet(parsing: text) }
        let token: RefreshToken
        do throws(TokenFailure) { token = try sessions.read(Array(text.utf8)) } catch { throw OAuthError(error) }
        guard !token.isExpired(at: now) else { throw OAuthError(TokenFailure.expired) }
        do throws(AccountError) { try throttle.countRefresh(of: token.session, at: now) } catch { throw OAuthError(error) }
        // What the session allows is looked at first: a request for more must not use the token up.
        let session: Session?
        do throws(StoreError) {
            session = try store.read { reads throws(StoreError) in try reads.session(token.session, at: now) }
        } catch { throw OAuthError(error) }
        guard let session, session.clientID.utf8.elementsEqual(client.id.utf8) else { throw OAuthError(TokenFailure.sessionEnded) }
        let details = try GrantDetails(parsing: session.details ?? "")
        // RFC 9449 §5: bound to the key at a public client; at a confidential one the client itself is the bond, and a new key may come.
        guard details.proofKey == nil || request.proofKey != nil, !client.isPublic || details.proofKey == request.proofKey else {
            throw OAuthError(.invalidGrant, "The refresh token is bound to another key.")
        }
        // What the operator took from the client since is not in later tokens either.
        let granted = ScopeSet(stored: session.scope).intersection(scopes.allowed(to: client))
        // RFC 6749 §6: "The requested scope MUST NOT include any scope not originally granted by the resource owner".
        let scope = asked ?? granted
        guard scope.isSubset(of: granted) else {
            throw OAuthError(.invalidScope, "The grant does not have: \(scope.subtracting(granted).text).")
        }
        let audience = try audience(parameters, of: details, for: client)
        if scope.contains("openid") { try requireKey(for: client) }
        return { [self] completion in
            sessions.refresh(token, of: client.id, lifetimes(of: client), from: request.origin, audit: request.audit, at: now) { finish in
                completion { () throws(OAuthError) in
                    do throws(TokenFailure) {
                        let refreshed = try finish()
                        var next = details
                        next.proofKey = request.proofKey
                        // OpenID Connect Core 1.0 §12.2: the nonce is the first ID token's.
                        next.nonce = nil
                        let access = try sessions.accessToken(
                            of: refreshed, content(of: refreshed.user, for: client, scope: scope, audience: audience, next))
                        let idToken =
                            scope.contains("openid")
                            ? try idToken(
                                for: client, refreshed.user, next, scope: scope, accessToken: access.text, code: nil, at: now) : nil
                        return IssuedTokens(
                            access: access, scope: scope.text, refresh: try sessions.refreshToken(of: refreshed.session, refreshed.user),
                            idToken: idToken, isBound: next.proofKey != nil)
                    } catch {
                        throw OAuthError(error)
                    }
                }
            }
        }
    }
}

extension OAuthError {
    /// What a limit, or an account that cannot be used, is to a client.
    init(_ error: AccountError) {
        if case .store(let error) = error {
            self.init(error)
        } else {
            self.init(.temporarilyUnavailable, "Too many requests; try again later.")
        }
    }
}
