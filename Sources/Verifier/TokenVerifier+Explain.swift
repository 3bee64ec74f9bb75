// TokenVerifier+Explain: the verifier's own steps, each carried out even when one before it failed, as far as there is something
// to look at. Nothing is cached by it and no `VerifiedToken` comes out of it.
public import MartletEncoding
import MartletJOSE

extension TokenVerifier {
    /// Every check of `token` with its value and verdict. ``TokenExplanation/failure`` is what ``verify(_:at:requiring:)`` throws.
    public func explain(_ token: [UInt8], at now: UnixTime, requiring scope: String? = nil) -> TokenExplanation {
        token.withUnsafeBufferPointer { explain($0, at: now, requiring: scope) }
    }

    private func explain(_ text: UnsafeBufferPointer<UInt8>, at now: UnixTime, requiring scope: String?) -> TokenExplanation {
        typealias Step = TokenExplanation.Step
        let snapshot = keys.snapshot
        let layout: CompactJWS.Layout
        let resolved: ResolvedHeader
        do {
            (layout, resolved) = try parse(text, with: snapshot)
        } catch {
            let others = TokenExplanation.Check.allCases.dropFirst().map { Step(check: $0, value: nil, verdict: .skipped) }
            return TokenExplanation(
                steps: [Step(check: .form, value: "\(text.count) bytes", verdict: .failed(error))] + others, unverifiedHeader: nil,
                unverifiedClaims: nil)
        }
        let header = resolved.header
        let old = oldIssuer(of: resolved, snapshot, at: now)
        let candidates = old.map { [$0.key] } ?? resolved.candidates
        var steps = [
            Step(check: .form, value: "\(text.count) bytes", verdict: .passed),
            Step(
                check: .type, value: header.type,
                verdict: verdict { () throws(VerificationFailure) in if old == nil { try checkType(of: header) } }),
            Step(
                check: .algorithm, value: header.algorithmName,
                verdict: verdict { () throws(VerificationFailure) in
                    if let old { try old.checkAlgorithm(of: header) } else { _ = try allowedAlgorithm(of: header) }
                }),
            Step(
                check: .key, value: old.map { "the old issuer's, until \($0.until.rfc3339)" } ?? header.keyID,
                verdict: verdict { () throws(VerificationFailure) in
                    guard old == nil else { return }
                    try checkKeyIsKnown(resolved, snapshot, at: now) { self.claims(in: layout.payload(in: text)) }
                }),
            Step(
                check: .signature, value: "\(layout.signature(in: text).count) letters",
                verdict: candidates.isEmpty
                    ? .skipped
                    : verdict { () throws(VerificationFailure) in try checkSignature(text, layout, by: candidates) }),
        ]
        let claims: Claims
        do {
            claims = try self.claims(in: layout.payload(in: text)).get()
        } catch {
            steps.append(Step(check: .claims, value: nil, verdict: .failed(error)))
            steps += TokenExplanation.Check.allCases.dropFirst(steps.count).map { Step(check: $0, value: nil, verdict: .skipped) }
            return TokenExplanation(steps: steps, unverifiedHeader: header, unverifiedClaims: nil)
        }
        var subject = RevocationSubject(
            sessionID: claims.sessionID, tokenID: claims.tokenID, clientID: claims.clientID, key: resolved.keyDigest,
            issuedAt: claims.issuedAt)
        let isUsable = verdict { () throws(VerificationFailure) in
            guard let old else { return }
            let user = try old.subject(in: claims, as: .access)
            subject = RevocationSubject(old: OldIssuer.Token(subject: user, expiresAt: 0, claims: claims))
        }
        steps.append(Step(check: .claims, value: "\(claims.all.count) claims", verdict: isUsable))
        for check in ClaimsPolicy.Check.allCases where check != .type {
            let scopes = old?.scopes ?? claims.scopes
            var failure =
                if let old {
                    old.failure(of: check, header, claims, policy.claims, at: now)
                } else {
                    policy.claims.failure(of: check, header: header, claims: claims, at: now).map(VerificationFailure.init)
                }
            if check == .scope, failure == nil, let scope, !scopes.contains(where: { $0.utf8.elementsEqual(scope.utf8) }) {
                failure = .insufficientScope(scope)
            }
            steps.append(
                Step(
                    check: .init(check), value: value(of: check, header, claims, scopes, at: now),
                    verdict: failure.map { .failed($0) } ?? .passed)
            )
        }
        let verdict: TokenExplanation.Verdict =
            switch revocations?.verdict(on: subject, at: now) {
            case nil, .standing: .passed
            case .revoked: .failed(.revoked)
            case .stale: .failed(.revocationsStale)
            }
        steps.append(Step(check: .revocation, value: revocations == nil ? "not followed" : nil, verdict: verdict))
        let binding = claims["cnf"].map { $0["jkt"]?.string.map { "the key \($0)" } ?? "another way than DPoP" }
        steps.append(Step(check: .binding, value: binding, verdict: binding == nil ? .passed : .failed(.proofRequired)))
        return TokenExplanation(steps: steps, unverifiedHeader: header, unverifiedClaims: claims)
    }

    private func verdict(_ check: () throws(VerificationFailure) -> Void) -> TokenExplanation.Verdict {
        do {
            try check()
            return .passed
        } catch {
            return .failed(error)
        }
    }

    private func value(
        of check: ClaimsPolicy.Check, _ header: JWSHeader, _ claims: Claims, _ scopes: [String], at now: UnixTime
    ) -> String? {
        switch check {
        case .type: header.type
        case .issuer: claims.issuer
        case .audience: claims.audience.joined(separator: " ")
        case .expiry: claims.expiresAt.map { Self.time($0, at: now, leeway: policy.claims.leeway) }
        case .notBefore: claims.notBefore.map { Self.time($0, at: now, leeway: policy.claims.leeway) }
        case .scope: scopes.joined(separator: " ")
        }
    }

    private static func time(_ seconds: Int64, at now: UnixTime, leeway: Int64) -> String {
        let (difference, overflow) = seconds.subtractingReportingOverflow(now.seconds)
        let distance = overflow ? "out of range" : difference >= 0 ? "in \(difference) s" : "\(-difference) s ago"
        return "\(UnixTime(seconds: seconds).rfc3339) (\(distance), leeway \(leeway) s)"
    }
}

extension TokenExplanation.Check {
    fileprivate init(_ check: ClaimsPolicy.Check) {
        switch check {
        case .type: self = .type
        case .issuer: self = .issuer
        case .audience: self = .audience
        case .expiry: self = .expiry
        case .notBefore: self = .notBefore
        case .scope: self = .scope
        }
    }
}
