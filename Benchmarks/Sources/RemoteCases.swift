// RemoteCases: verifying as an API elsewhere does it, with keys that were fetched and a feed that is followed, beside the same
// without them. The issuer is a function: what is measured is the way of a token, not a network.

import MartletEncoding
import MartletJOSE
import MartletThreads
import MartletVerifier

enum RemoteCases {
    /// Revocations in the set, none of which concerns the token.
    private static let revoked: Int64 = 10_000

    static func all() throws -> [Case] {
        let key = try JWK.generate(.es256)
        let feedKey = try JWK.generate(.es256, signs: RevocationDocument.type)
        let remote = try RemoteVerifier(
            issuer: JOSECases.issuer, fetcher: Answers(keys: JWKSet([key, feedKey]), feed: try feed(feedKey)), clock: { JOSECases.now })
        remote.start()
        // An issuer that answers at once is there within a few turns of two threads.
        let patience = Monitor(false)
        while !remote.isReady { _ = patience.wait(milliseconds: 1) { $0 ? true : nil } }
        let token = try key.signer(type: "at+jwt").sign(JOSECases.claims(id: 0))
        let policy = remote.verifier.policy
        let uncached = TokenVerifier(policy: policy, keys: remote.keys, revocations: remote.revocations, cacheCapacity: 0)
        let cached = TokenVerifier(policy: policy, keys: remote.keys, revocations: remote.revocations)
        return [("verify ES256, uncached, remote keys and feed", uncached), ("verify, cached, remote keys and feed", cached)].map {
            name, verifier in
            Case(name: name) { count in
                for _ in 0..<count { precondition((try? verifier.verify(token, at: JOSECases.now)) != nil) }
            }
        }
    }

    private static func feed(_ key: JWK) throws -> [UInt8] {
        let entries = (0..<revoked).map { number in
            RevocationEntry(
                kind: .session, digest: RevocationDigest(.session, "s\(number)"), until: JOSECases.now.adding(seconds: 600))
        }
        let document = RevocationDocument(
            issuer: JOSECases.issuer, issuedAt: JOSECases.now.seconds, lineage: "line", sequence: revoked, entries: entries)
        return try key.signer(type: RevocationDocument.type).sign(document.payload)
    }

    private struct Answers: Fetcher {
        let keys: JWKSet
        let feed: [UInt8]

        func get(_ request: FetchRequest) throws(FetchFailure) -> FetchResponse {
            let target = request.url.target
            if target.hasSuffix("/jwks.json") { return FetchResponse(status: 200, body: keys.publicJSON) }
            if target.hasSuffix("/revocations") { return FetchResponse(status: 200, body: feed) }
            // No news: the feed is not measured.
            guard target.hasSuffix("/oauth-authorization-server") else { throw .timedOut }
            return FetchResponse(
                status: 200,
                body: JSONWriter.object { writer in
                    writer.member("issuer", JOSECases.issuer)
                    writer.member("jwks_uri", JOSECases.issuer + "/jwks.json")
                    writer.member("revocations_uri", JOSECases.issuer + "/revocations")
                })
        }
    }
}
