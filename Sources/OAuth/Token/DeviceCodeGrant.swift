// DeviceCodeGrant: a device polls until its owner has answered, then gets its session (RFC 8628 §3.4). What a poll finds is the store's
// table (`DevicePollOutcome`): one transaction decides, so that a device code is redeemed once.

import Store
import Tokens

extension AuthorizationServer {
    /// `grant_type=urn:ietf:params:oauth:grant-type:device_code`. Throws `invalid_request` for what is missing; what became of the
    /// request comes later (§3.5).
    func redeemDeviceCode(_ request: TokenRequest) throws(OAuthError) -> PendingGrant {
        let parameters = request.parameters
        let hash = CodeText.hash(try parameters.required("device_code"))
        let preparation = preparation(request)
        return { [self] completion in
            store.write { transaction throws(StoreError) -> (DevicePollOutcome, isDeclined: Bool) in
                var isDeclined = false
                let outcome = try transaction.pollDevice(
                    deviceCodeHash: hash, clientID: request.client.id, proofKey: request.proofKey,
                    maximumPerUser: TokenPolicy.maximumSessions, audit: request.audit, at: request.now
                ) { device in
                    guard var details = try? GrantDetails(parsing: device.details ?? ""),
                        (try? audience(parameters, of: details, for: request.client)) != nil
                    else {
                        isDeclined = true
                        return nil
                    }
                    details.proofKey = request.proofKey
                    return device.userID.map {
                        NewSession(
                            details, scope: ScopeSet(stored: device.scope), for: $0, browserSession: device.browserSession, preparation)
                    }
                }
                return (outcome, isDeclined)
            } completion: { result in
                completion { () throws(OAuthError) in
                    switch result {
                    case .failure(let error): throw OAuthError(error)
                    case .success((_, isDeclined: true)):
                        throw OAuthError(.invalidTarget, "The device code is not for what resource names.")
                    case .success((.redeemed(_, let session, let user), _)):
                        let details = try GrantDetails(parsing: session.details ?? "")
                        return try tokens(
                            of: session, user, begun: preparation, for: request,
                            audience: try audience(parameters, of: details, for: request.client))
                    case .success((let outcome, _)): throw OAuthError(outcome)
                    }
                }
            }
        }
    }
}

extension OAuthError {
    /// RFC 8628 §3.5.
    fileprivate init(_ outcome: DevicePollOutcome) {
        switch outcome {
        case .pending: self.init(.authorizationPending, "The person has not answered yet.")
        case .slowDown: self.init(.slowDown, "Too soon: wait five seconds longer between requests from now on.")
        case .denied: self.init(.accessDenied, "The person said no.")
        case .expired: self.init(.expiredToken, "The device code has expired: ask for a new one.")
        case .staleKeys: self.init(StoreError.staleKeys)
        case .redeemed, .refused: self.init(.invalidGrant, "The device code is not one of this client's, or was used.")
        }
    }
}
