// Statement: what the service signs for a client to read: ID tokens, logout tokens, answers of introspection. By keys of their own, so that
// none of it can be taken for an access token, and by the algorithm that the client was registered with. What it says is the caller's.

package import MartletEncoding
package import MartletJOSE
import Store

extension SessionService {
    /// The algorithms that statements can be signed with.
    package var statementAlgorithms: [SignatureAlgorithm] { KeyRotation.statementAlgorithms(besides: ring.algorithm) }

    /// Whether there is a key of this algorithm now. There is none only for a moment, after the first start of all.
    package func canState(by algorithm: SignatureAlgorithm) -> Bool { ring.snapshot.statements[algorithm.name] != nil }

    /// Signs a statement. `type` is one of `TokenPolicy.statementTypes`; `algorithm` is RS256 unless it is named (OpenID Connect
    /// Dynamic Client Registration 1.0 §2, `id_token_signed_response_alg`); `payload` is a JSON object, and `until` the time that it is
    /// good to, its `exp` where it has one. Never waits.
    ///
    /// Throws `signing` for another type, and `store` where there is no key of the algorithm, or none yet.
    package func statement(
        type: String, algorithm: String?, payload: [UInt8], until: UnixTime
    ) throws(TokenFailure) -> String {
        guard TokenPolicy.statementTypes.contains(type) else { throw .signing(detail: "statements of type \(type) are not signed") }
        let algorithm = algorithm ?? SignatureAlgorithm.rs256.name
        guard let signer = ring.snapshot.statements[algorithm], let keyID = signer.keyID else {
            throw .store(.unavailable(detail: "there is no key for statements by \(algorithm)"))
        }
        keep(keyID, until: until)
        do throws(JOSEError) {
            return String(decoding: try signer.signing(type: type).sign(payload), as: UTF8.self)
        } catch {
            throw .signing(detail: error.message)
        }
    }

    /// The key stays in the key set until then. Nobody waits for the commit: the key signs now, and what makes it retire is a later one.
    private func keep(_ keyID: String, until: UnixTime) {
        guard let mark = ring.mark(keyID, until: until) else { return }
        store.write { transaction throws(StoreError) in
            try transaction.raiseKeyMarks([mark])
        } completion: { [ring] result in
            if case .success = result { ring.raised([mark]) }
        }
    }
}
