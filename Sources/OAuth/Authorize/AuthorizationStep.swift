// AuthorizationStep: what is next for a request that is in order: the one place that decides between asking the person, refusing and
// granting. A pure function of the request, of who is there, and of the time. The rules stand in their order: what nobody can meet, who
// it is, how surely and how lately, whether they agree.

package import MartletEncoding
package import Store

/// Who sits before the browser of a request.
package struct Visitor: Sendable, Hashable {
    package let signedIn: SignedIn
    /// Their `sub` for the client.
    package let subject: String
    /// What they let the client have before; nil for nothing.
    package let consent: Consent?
    /// Whether they said yes to this very request.
    package let hasAllowed: Bool

    package init(_ signedIn: SignedIn, subject: String, consent: Consent?, hasAllowed: Bool) {
        self.signedIn = signedIn
        self.subject = subject
        self.consent = consent
        self.hasAllowed = hasAllowed
    }
}

/// What is next.
package enum AuthorizationStep: Sendable, Hashable {
    /// The client hears it.
    case refuse(OAuthError)
    case signUp
    /// Somebody signs in, whoever it is.
    case signIn
    /// Whoever is signed in proves the password once more.
    case signInAgain
    case askConsent
    /// A code; the password was proved in this context.
    case grant(AuthenticationContext)

    /// `begun` is when the request came first: what was proved since, was proved for it.
    package init(
        for request: AuthorizationRequest, by visitor: Visitor?, begun: UnixTime, registrationIsOpen: Bool, at now: UnixTime
    ) {
        let prompts = request.prompts
        let known = request.demand.contexts.compactMap(AuthenticationContext.init)
        if request.demand.isEssential, known.isEmpty {
            self = .refuse(OAuthError(.unmetAuthenticationRequirements, "The acr that the request needs is not served here."))
            return
        }
        if prompts.contains(.create), !registrationIsOpen {
            self = .refuse(OAuthError(.invalidRequest, "prompt=create is not served here: registration is closed."))
            return
        }
        guard let visitor else {
            self = request.asking(prompts.contains(.create) ? .signUp : .signIn, or: .loginRequired)
            return
        }
        let provedAt = visitor.signedIn.session.authenticatedAt
        let isForThis = provedAt >= begun
        // OpenID Connect Core 1.0 §3.1.2.2: "MUST NOT reply with an ID Token or Access Token for a different user". Whoever is there need
        // not prove anything for that, so it comes before `prompt`.
        if let wanted = request.demand.subject, !wanted.utf8.elementsEqual(visitor.subject.utf8) {
            let refusal = OAuthError(.loginRequired, "Somebody else is signed in than the request is about.")
            self = isForThis ? .refuse(refusal) : request.asking(.signIn, or: .loginRequired)
            return
        }
        if !isForThis, let step = request.promptedStep {
            self = step
            return
        }
        guard request.isRecentEnough(provedAt, isForThis: isForThis, at: now) else {
            self = request.asking(.signInAgain, or: .loginRequired)
            return
        }
        let met = known.first { $0.isMet(authenticatedAt: provedAt, at: now) }
        if !known.isEmpty, met == nil {
            self = request.asking(.signInAgain, or: .loginRequired)
            return
        }
        guard request.isAllowed(by: visitor) else {
            self = request.asking(.askConsent, or: .consentRequired)
            return
        }
        self = .grant(met ?? .password)
    }
}

extension AuthorizationRequest {
    /// Whether a person's yes may stand for later requests. An app on a device cannot prove that it is itself (RFC 8252 §8.6): any other
    /// there can use its id, and its way back. Who answers at an https address can.
    package var mayBeRemembered: Bool { !client.isPublic || answer.redirectURI.hasPrefix("https://") }

    /// What `prompt` wants of the person before anything else; nil for nothing.
    fileprivate var promptedStep: AuthorizationStep? {
        if prompts.contains(.create) { return .signUp }
        if prompts.contains(.selectAccount) { return .signIn }
        return prompts.contains(.login) ? .signInAgain : nil
    }

    /// The person is asked, unless the client wants nobody to be (`prompt=none`).
    fileprivate func asking(_ step: AuthorizationStep, or code: OAuthError.Code) -> AuthorizationStep {
        prompts.contains(.none) ? .refuse(OAuthError(code, "The person would have to be asked, which prompt=none forbids.")) : step
    }

    /// `max_age` (OpenID Connect Core 1.0 §3.1.2.1). Somebody who just signed in for this request does not have to again, however small
    /// it is: reading the consent page takes a moment.
    fileprivate func isRecentEnough(_ provedAt: UnixTime, isForThis: Bool, at now: UnixTime) -> Bool {
        guard let maximumAge else { return true }
        let allowed = isForThis ? max(maximumAge, AuthenticationContext.recentSeconds) : maximumAge
        return now <= provedAt.adding(seconds: allowed)
    }

    /// docs/decisions/0024: a yes is remembered for scope and resources together, `offline_access` included (OpenID Connect Core 1.0 §11),
    /// and the operator's own applications need none.
    fileprivate func isAllowed(by visitor: Visitor) -> Bool {
        if visitor.hasAllowed { return true }
        if prompts.contains(.consent) { return false }
        if client.policy.isFirstParty { return true }
        guard mayBeRemembered, let consent = visitor.consent else { return false }
        return consent.covers(scope: Set(scope.names), resources: Set(resources))
    }
}
