// ProvingKeys: the proof of a key that comes with a client's request to an OAuth endpoint (RFC 9449 §5): read, checked, given its nonce,
// and used up. What a key is good for is the grants' to say (OAuth/Token).
//
//     client proved ─▶ one DPoP field ─▶ its checks ─▶ its nonce ─▶ noted in the store, with the client's assertion in one commit ─▶ step

import HTTP
import MartletEncoding
import MartletVerifier
import OAuth
import ResourceServer
import Store

/// A key that a client has proved to hold.
struct ProvedKey: Sendable {
    /// RFC 7638: what tokens are bound to.
    let thumbprint: String
    /// What is noted so that the proof counts once, and for how long.
    fileprivate let digest: [UInt8]
    fileprivate let until: UnixTime
    /// `DPoP-Nonce` of the answer, for a client whose own is not the newest (RFC 9449 §8.2); nil for no such field.
    let nextNonce: String?
}

extension Services {
    /// The key that a request proves; nil where there is no proof. For every endpoint at which a client may show one: it must be made for
    /// this request to the issuer's own address, whatever `Host` says.
    ///
    /// Throws 400 `invalid_dpop_proof`, and `use_dpop_nonce` with the nonce to use.
    func provedKey(of request: Request) throws(Refusal) -> ProvedKey? {
        guard request.headerCount(.dpop) > 0 else { return nil }
        let now = request.receivedAt
        do throws(DPoPFailure) {
            let presented = request.proof(method: request.methodName, uri: issuer + request.path)
            let proof = try DPoPProof(presented, accessToken: nil, at: now)
            if let proofNonces, proof.nonce.map({ proofNonces.accepts($0, at: now) }) != true { throw .nonceNeeded }
            let isCurrent = proofNonces.flatMap { nonces in proof.nonce.map { nonces.isCurrent($0, at: now) } } ?? true
            return ProvedKey(
                thumbprint: proof.thumbprint,
                // A proof is good for the whole of its last second.
                digest: proof.digest, until: UnixTime(seconds: proof.issuedAt + DPoPProof.lifetime + 1),
                nextNonce: isCurrent ? nil : proofNonces?.nonce(at: now))
        } catch .nonceNeeded {
            var refusal = Refusal(OAuthError(.useDPoPNonce, DPoPFailure.nonceNeeded.message))
            refusal.proofNonce = proofNonces?.nonce(at: now)
            throw refusal
        } catch {
            throw Refusal(OAuthError(.invalidDPoPProof, error.message, logDetail: error.reason))
        }
    }

    /// Goes on once the client's assertion and the proof of its key are noted, durably and in one commit, as far as there are any; one
    /// that was shown before is refused.
    func once(
        _ assertion: AuthenticatedClient.OnceOnly?, _ proof: ProvedKey?, of request: Request,
        then body: @escaping @Sendable () throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        guard assertion != nil || proof != nil else { return try body() }
        let now = request.receivedAt
        return parked(request) { resumption in
            store.write { transaction throws(StoreError) -> OAuthError? in
                if let assertion, try !transaction.useOnce(assertion.digest, until: assertion.until, at: now) {
                    return OAuthError(.invalidClient, "The client could not be authenticated.", logDetail: "shown before")
                }
                if let proof, try !transaction.useOnce(proof.digest, until: proof.until, at: now) {
                    return OAuthError(
                        .invalidDPoPProof, DPoPFailure.replayed.message, logDetail: DPoPFailure.replayed.reason)
                }
                return nil
            } completion: { result in
                resumption.resume {
                    answering { () throws(Refusal) in
                        let refusal: OAuthError?
                        do throws(StoreError) { refusal = try result.get() } catch { throw Refusal(error) }
                        if let refusal { throw Refusal(refusal) }
                        return try body()
                    }
                }
            }
        }
    }
}
