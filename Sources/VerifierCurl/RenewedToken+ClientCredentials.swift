// RenewedToken with libcurl: the token that a confidential client of a Martlet gets for itself (OAuth 2.1 §4.2).

import MartletEncoding
public import MartletVerifier

extension RenewedToken {
    /// The token of a client, for the issuer's own APIs.
    ///
    /// - `issuer`: a Martlet, whose token endpoint is at `/oauth2/token`; it is what the token is for as well (RFC 8707).
    /// - `client`, `secret`: proved by HTTP Basic (RFC 6749 §2.3.1).
    /// - `scope`: `revocations` reads the revocation feed.
    public convenience init(issuer: SecureURL, client: String, secret: String, scope: String = "revocations") {
        let curl = CurlClient(keeping: 1)
        let pair = "\(PercentEncoding.encode(client)):\(PercentEncoding.encode(secret))"
        let identifier = issuer.target == "/" ? issuer.origin : issuer.description
        let form = [("grant_type", "client_credentials"), ("scope", scope), ("resource", identifier)]
            .map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
        let fields = [
            ("Authorization", "Basic " + Base64.encode(Array(pair.utf8))), ("Content-Type", "application/x-www-form-urlencoded"),
            ("Accept", "application/json"), ("User-Agent", "Martlet"),
        ].map { (name: $0.0, value: Array($0.1.utf8)) }
        self.init { () throws(FetchFailure) in
            var exchange = CurlExchange(
                origin: issuer.origin, target: (issuer.target == "/" ? "" : issuer.target) + "/oauth2/token", maximumBody: 65_536,
                connectTimeout: 2000, timeout: 5000)
            exchange.method = "POST"
            exchange.fields = fields
            exchange.body = Array(form.utf8)
            exchange.usesProxy = !issuer.isLoopback
            let reply = try curl.send(exchange)
            return FetchResponse(status: reply.status, headers: [], body: reply.body)
        }
    }
}
