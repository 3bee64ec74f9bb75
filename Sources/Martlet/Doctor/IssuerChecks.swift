// IssuerChecks: what a client sees at the issuer, as it comes through proxies and TLS: metadata, keys, certificate, clock, headers, cookies
// and the feed.

import MartletEncoding
import MartletJOSE
import MartletVerifier

struct IssuerChecks {
    let issuer: String
    let network: DoctorNetwork
    /// Whether the feed is for tokens alone, by the service's settings.
    let feedIsClosed: Bool
    let clock: @Sendable () -> UnixTime
    let telling: ([Finding]) -> Void

    func run() {
        guard let url = SecureURL(issuer), url.target == "/" else {
            return tell(.failed("issuer", "\(issuer) cannot be one", "Use https://host[:port] without path; http only for this machine."))
        }
        // RFC 8414 §3.3: byte for byte, so a slash at the end is another issuer.
        let asked = clock()
        let first: DoctorNetwork.Answer
        do throws(FetchFailure) {
            guard let address = SecureURL(url.origin + Self.documents[0]) else { return }
            first = try network.get(address)
        } catch {
            return tell(.failed(error.isTrust ? "TLS" : "issuer", "\(url.origin): \(error.told.reason)", error.told.advice))
        }
        tell(encryption(url, first))
        tell(clock(first, asked: asked, answered: clock()))
        guard let metadata = metadata(first, Self.documents[0]) else { return }
        if let second = document(url.origin + Self.documents[1], "metadata") { _ = self.metadata(second, Self.documents[1]) }
        let keys = keys(metadata)
        headers(url)
        cookies(url)
        feed(metadata, keys)
    }

    // MARK: The checks, in their order

    private func encryption(_ url: SecureURL, _ answer: DoctorNetwork.Answer) -> Finding {
        guard url.isEncrypted else { return .ok("TLS", "none, on this machine") }
        guard let end = answer.certificateEnd.flatMap(CertificateEnd.parse) else {
            return .ok("TLS", "the certificate is good for \(url.origin); when it ends is not known")
        }
        let days = (end.seconds - clock().seconds) / 86_400
        let text = "the certificate is good for \(url.origin) and ends in \(days) days"
        switch days {
        case ..<3: return .failed("TLS", text, "Renew it now.")
        case ..<14: return .warn("TLS", text, "See why it was not renewed yet.")
        default: return .ok("TLS", text)
        }
    }

    private func clock(_ answer: DoctorNetwork.Answer, asked: UnixTime, answered: UnixTime) -> Finding {
        guard let date = answer.field("date").flatMap(CertificateEnd.parse) else {
            return .warn("clock", "the answer has no Date", "Let the proxy pass Date on (RFC 9110 §6.6.1).")
        }
        // The whole second in which it was written may be any between question and answer.
        let skew = date.seconds < asked.seconds - 1 ? date.seconds - asked.seconds : max(date.seconds - answered.seconds, 0)
        switch abs(skew) {
        case ...2: return .ok("clock", "the same as here")
        case ...30: return .warn("clock", "\(skew) s from the one here", "Run NTP on both machines.")
        default:
            return .failed(
                "clock", "\(skew) s from the one here: tokens seem to begin later, or to have ended", "Run NTP on both machines.")
        }
    }

    private func metadata(_ answer: DoctorNetwork.Answer, _ path: String) -> JSONValue? {
        let check = "metadata"
        guard answer.status == 200, let root = try? JSONDocument(parsing: answer.body).root, root.isObject else {
            tell(
                .failed(
                    check, "\(path) answered \(answer.status), and no JSON object", "Let the proxy pass /.well-known/ on to the service."))
            return nil
        }
        let named = root["issuer"]?.string ?? "nobody"
        guard named.utf8.elementsEqual(issuer.utf8) else {
            tell(
                .failed(
                    check, "\(path) names the issuer \(named), not \(issuer)",
                    "Set MARTLET_ISSUER to what clients use, byte for byte, slash included."))
            return nil
        }
        // Links that lead elsewhere are what a wrong idea of one's own address looks like.
        let strays = root.members.filter { name, value in
            (name.hasSuffix("_endpoint") || name.hasSuffix("_uri")) && value.string.map { !$0.hasPrefix(issuer + "/") } == true
        }
        guard strays.isEmpty else {
            tell(
                .failed(
                    check, "\(path) leads elsewhere: \(strays.map(\.name).joined(separator: ", "))",
                    "Set MARTLET_ISSUER to the public address."))
            return nil
        }
        tell(.ok(check, "\(path) is of \(issuer)"))
        return root
    }

    private func keys(_ metadata: JSONValue) -> JWKSet? {
        let check = "key set"
        guard let address = metadata["jwks_uri"]?.string else {
            tell(
                .failed(
                    check, "the metadata has no jwks_uri (RFC 8414 §2)",
                    "See that it is Martlet that answers, and nothing between changes it."))
            return nil
        }
        guard let answer = document(address, check) else { return nil }
        guard answer.status == 200, let set = try? JWKSet(parsing: answer.body) else {
            tell(.failed(check, "\(address) answered \(answer.status), and no key set", "Let the proxy pass it on as it is."))
            return nil
        }
        guard !set.keys.isEmpty else {
            tell(.failed(check, "\(address) has no keys", "With HS256 nobody elsewhere can verify; otherwise look at the key ring."))
            return set
        }
        let caching = answer.field("cache-control") ?? ""
        guard let age = Self.maximumAge(caching), age > 0 else {
            tell(
                .warn(
                    check, "\(set.keys.count) keys, but nobody may keep them (Cache-Control: \(caching))",
                    "Let the proxy leave Cache-Control as it is."))
            return set
        }
        // A new key signs after that time.
        guard age <= 360 else {
            tell(
                .failed(
                    check, "\(set.keys.count) keys, kept for \(age) s by caches: too long to learn of a new one",
                    "Let the proxy leave Cache-Control as it is (at most 300 s)."))
            return set
        }
        tell(.ok(check, "\(set.keys.count) keys, kept for \(age) s"))
        return set
    }

    /// Whether what is sent reaches the service.
    private func headers(_ url: SecureURL) {
        let check = "proxy headers"
        guard let address = SecureURL(url.origin + "/api/v1/users/me") else { return }
        let question = DoctorNetwork.Question(url: address, fields: [("authorization", "Bearer martlet-doctor-made-this-up")])
        guard let answer = try? network.ask(question) else { return tell(.warn(check, "\(address) does not answer", "Run it again.")) }
        let root = try? JSONDocument(parsing: answer.body).root
        switch (answer.status, root?["code"]?.string) {
        case (401, "missing_token"):
            tell(.failed(check, "Authorization does not reach the service", "Let the proxy pass Authorization on (docs/proxies.md)."))
        case (401, _?):
            let pointer = answer.field("www-authenticate").flatMap { Challenge.parameter("resource_metadata", in: $0) }
            if let pointer, !pointer.hasPrefix(url.origin + "/") {
                return tell(.failed(check, "a 401 points to \(pointer)", "Set MARTLET_ISSUER to the public address."))
            }
            tell(.ok(check, "Authorization reaches the service, and its answers name \(url.origin)"))
        default:
            tell(
                .failed(
                    check, "a made-up token is answered \(answer.status), not 401", "Let the proxy pass /api/ on to the service as it is."))
        }
    }

    /// RFC 6265bis §4.1.3: `__Host-` is kept only with Secure and Path=/ over https.
    private func cookies(_ url: SecureURL) {
        let check = "cookies"
        guard let answer = document(url.origin + "/oauth2/sign-in?next=%2Foauth2%2Fdevice", check) else { return }
        guard answer.status != 404 else {
            return tell(.warn(check, "there is no sign-in page to look at", "Let the proxy pass /oauth2/ on to the service."))
        }
        let cookies = answer.fields("set-cookie")
        guard !cookies.isEmpty else { return tell(.ok(check, "the sign-in page (\(answer.status)) sets none")) }
        guard url.isEncrypted else { return tell(.ok(check, "on this machine, without Secure")) }
        let bad = cookies.filter { cookie in
            let attributes = cookie.lowercased().split(separator: ";").dropFirst().map { $0.drop { $0 == " " } }
            return !cookie.hasPrefix("__Host-") || !attributes.contains("secure") || !attributes.contains("path=/")
        }
        guard bad.isEmpty else {
            // Its name only: a value opens something.
            let names = bad.map { String($0.prefix { $0 != "=" }) }.joined(separator: ", ")
            return tell(
                .failed(
                    check, "\(names) without __Host-, Secure or Path=/",
                    "Let the proxy leave Set-Cookie as it is, and let MARTLET_ISSUER be https."))
        }
        tell(.ok(check, "__Host- and Secure"))
    }

    /// By the very code that follows feeds: its signature, its time, its issuer.
    private func feed(_ metadata: JSONValue, _ keys: JWKSet?) {
        let check = "revocation feed"
        guard let text = metadata["revocations_uri"]?.string else {
            return tell(
                .warn(
                    check, "there is none: verifiers elsewhere take revoked tokens until they expire", "Set MARTLET_FEED=public or token."))
        }
        guard let address = SecureURL(text), let keys else { return }
        let ring = FeedView(revocationsURL: address, snapshot: KeySnapshot(keys: keys, generation: 1))
        let follower = RevocationFeed(issuer: issuer, keys: ring, fetcher: NetworkFetcher(network: network), wait: 0, clock: clock)
        _ = follower.step(at: clock())
        let state = follower.state
        switch state.lastFailure {
        case nil where state.hasSnapshot:
            tell(.ok(check, "signed, \(state.staleness ?? 0) s old, \(state.liveEntries) revocations"))
        case .status(401), .status(403):
            tell(
                feedIsClosed
                    ? .ok(check, "it asks for a token, as it is set")
                    : .warn(check, "it asks for a token", "With MARTLET_FEED=token that is right: readers need the scope revocations."))
        case let failure?:
            tell(.failed(check, "\(address): \(failure.code)", "Let the proxy pass it on as it is, uncached; look at clock and key ring."))
        case nil:
            tell(.failed(check, "\(address) is not there", "Let the proxy pass /.well-known/ on to the service."))
        }
    }

    // MARK: What checks share

    private func document(_ text: String, _ check: String) -> DoctorNetwork.Answer? {
        guard let url = SecureURL(text) else {
            tell(.failed(check, "\(text) is no https address", "Set MARTLET_ISSUER to the public address."))
            return nil
        }
        do throws(FetchFailure) {
            return try network.get(url, accept: "*/*")
        } catch {
            tell(.failed(check, "\(url): \(error.told.reason)", error.told.advice))
            return nil
        }
    }

    private func tell(_ finding: Finding) { telling([finding]) }

    private static func maximumAge(_ field: String) -> Int64? {
        let directives = field.lowercased().split(separator: ",").map { $0.drop { $0 == " " } }
        guard !directives.contains("no-store"), !directives.contains("no-cache") else { return nil }
        return directives.first { $0.hasPrefix("max-age=") }.flatMap { Int64($0.dropFirst("max-age=".count)) }
    }

    private static let documents = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]
}

extension FetchFailure {
    fileprivate var isTrust: Bool { if case .untrusted = self { true } else { false } }
}

/// The keys that were just read, for the reader of the feed.
private struct FeedView: FeedKeys {
    let revocationsURL: SecureURL?
    let snapshot: KeySnapshot

    func demandKeys(at now: UnixTime) -> Bool { false }
}

/// The doctor's network, for the reader of the feed.
private struct NetworkFetcher: Fetcher {
    let network: DoctorNetwork

    func get(_ request: FetchRequest) throws(FetchFailure) -> FetchResponse {
        let answer = try network.ask(DoctorNetwork.Question(url: request.url, fields: request.headers))
        return FetchResponse(status: answer.status, headers: answer.fields, body: answer.body)
    }
}
