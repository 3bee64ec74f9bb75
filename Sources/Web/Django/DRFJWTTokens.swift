// DRFJWTTokens: a token judged as drf-jwt judges it, in its words: at the endpoints a 400, as the caller's own a 401 or 403. Of one
// that was taken back the account says why.

import HTTP
import MartletJOSE
import MartletVerifier
import ResourceServer
import Store

struct DRFJWTTokens: Sendable {
    let services: Services

    /// Why a token that was good is not any more.
    enum Gone {
        case isBlacklisted, isInactive, isDeleted

        var words: String {
            switch self {
            case .isBlacklisted: "Token is blacklisted."
            case .isInactive: "User account is disabled."
            case .isDeleted: "User doesn't exist."
            }
        }
    }

    /// Goes on with the token of a body, if it is good.
    func given(
        _ text: String, _ request: Request, then body: (VerifiedToken) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        let token: VerifiedToken
        do throws(VerificationFailure) {
            token = try services.anyAudience.verify(text, at: request.receivedAt)
        } catch .revoked {
            return gone(Self.subject(ofRevoked: text)) { .nonField($0.words) }
        } catch {
            throw Self.refusal(error) { .nonField($0) }
        }
        return try body(token)
    }

    /// Goes on with the token that a request comes with, and its text, if it is good.
    func presented(
        _ request: Request, then body: (VerifiedToken, String) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        let text: String
        do throws(Refusal) {
            text = String(decoding: try request.bearerToken(services.schemes), as: UTF8.self)
        } catch {
            throw .unauthorized("not_authenticated", "Authentication credentials were not provided.")
        }
        let token: VerifiedToken
        do throws(VerificationFailure) {
            token = try services.anyAudience.verify(text, at: request.receivedAt)
        } catch .revoked {
            return gone(Self.subject(ofRevoked: text)) { gone in
                switch gone {
                case .isBlacklisted: Refusal(.forbidden, code: "permission_denied", detail: gone.words)
                case .isInactive: .unauthorized("authentication_failed", gone.words)
                case .isDeleted: .unauthorized("authentication_failed", Self.invalid)
                }
            }
        } catch {
            throw Self.refusal(error) { .unauthorized("authentication_failed", $0) }
        }
        return try body(token, text)
    }

    /// The refusal of a token that was taken back, by what became of its account.
    func gone(_ subject: String?, _ refusal: @escaping @Sendable (Gone) -> Refusal) -> Outcome {
        hop(to: .worker) { () throws(Refusal) in
            guard let subject else { throw refusal(.isBlacklisted) }
            let user = try services.read { reads throws(StoreError) in try reads.user(UserID(subject)) }
            throw refusal(user.map { $0.isActive ? .isBlacklisted : .isInactive } ?? .isDeleted)
        }
    }

    /// What a failure is in drf-jwt's words, made a refusal; what is this service's own trouble stays that.
    static func refusal(_ failure: VerificationFailure, _ make: (String) -> Refusal) -> Refusal {
        switch failure {
        case .keyPending, .keysUnavailable, .revocationsStale: Refusal(failure)
        case .expired: make("Token has expired.")
        case .malformed, .badSignature: make("Error decoding token.")
        default: make(invalid)
        }
    }

    /// `sub` of a token that the verifier found taken back, which is after its signature and its claims were found good.
    private static func subject(ofRevoked text: String) -> String? {
        (try? UnverifiedToken(parsing: Array(text.utf8)))?.unverifiedClaims.subject
    }

    private static let invalid = "Invalid token."
}

extension Refusal {
    /// 400 with a problem that is of no one field.
    static func nonField(_ problem: String) -> Refusal { DRFBody.refusal([("non_field_errors", [problem])]) }

    static let notPermitted = Refusal(
        .forbidden, code: "permission_denied", detail: "You do not have permission to perform this action.")
}
