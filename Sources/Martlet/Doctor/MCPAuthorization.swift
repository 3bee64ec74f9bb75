// MCPAuthorization: the steps from a server's metadata to a call with a token: how a client becomes known, what the authorization endpoint
// makes of a request, and whether the resource takes the right tokens and no others.

import MartletCryptography
import MartletEncoding
import MartletVerifier

extension MCPHandshake {
    /// How a client becomes known to the server; its id, where there is one now.
    func registration(at server: MCPServer) throws(Stop) -> String? {
        begin(.registration)
        let takesDocuments = server.root["client_id_metadata_document_supported"]?.bool == true
        let endpoint = server.root["registration_endpoint"]?.string
        if let id = options.clientID {
            ok("the client \(id) is registered already")
            return id
        }
        guard let endpoint else {
            guard takesDocuments else {
                throw fail(
                    "the server takes neither client id metadata documents nor registration (RFC 7591)",
                    "Offer one of them (Martlet: MARTLET_CLIENT_DOCUMENTS=on or MARTLET_CLIENT_REGISTRATION=open), or give clients an id beforehand and try --client-id."
                )
            }
            ok("a client may be a document at its own https address")
            return nil
        }
        guard let url = SecureURL(endpoint), url.isEncrypted || !server.tokenEndpoint.isEncrypted else {
            throw fail("registration_endpoint is \(endpoint), no https address", "Let it be a whole https URL.")
        }
        guard options.registers else {
            ok((takesDocuments ? "a client may be a document, or register at " : "clients register at ") + "\(url) (--register tries that)")
            return nil
        }
        return try register(at: url)
    }

    /// RFC 7591 §3.
    private func register(at url: SecureURL) throws(Stop) -> String {
        let metadata = JSONWriter.object { writer in
            writer.member("client_name", "martlet doctor (throw-away)")
            writer.member("redirect_uris", [options.redirectURI])
            writer.member("grant_types", ["authorization_code", "refresh_token"])
            writer.member("response_types", ["code"])
            writer.member("token_endpoint_auth_method", "none")
        }
        let answer = try ask(
            DoctorNetwork.Question(
                method: "POST", url: url, fields: [("content-type", "application/json"), ("accept", "application/json")],
                body: String(decoding: metadata, as: UTF8.self)))
        let root = try? JSONDocument(parsing: answer.body).root
        guard answer.status == 201 || answer.status == 200, let root, let id = root["client_id"]?.string else {
            throw fail(
                "\(url) answered \(answer.status)\(Self.error(root)) to a registration",
                "Let public clients with a loopback redirect URI register, or take client id metadata documents.")
        }
        if let address = root["registration_client_uri"]?.string.flatMap({ SecureURL($0) }), address.origin == url.origin,
            let token = root["registration_access_token"]?.string
        {
            throwAway = (address, token)
        }
        if answer.status == 200 {
            warn("registered, but with 200 (RFC 7591 §3.2.1 says 201)", "Answer 201.")
        } else {
            ok("registered a throw-away client")
        }
        return id
    }

    /// RFC 7592 §2.3.
    func removeThrowAway() {
        guard let (address, token) = throwAway else { return }
        throwAway = nil
        begin(.removal)
        let answer = try? network.ask(
            DoctorNetwork.Question(method: "DELETE", url: address, fields: [("authorization", "Bearer " + token)]))
        if answer?.status == 204 {
            ok("the throw-away client is removed again")
        } else {
            warn(
                "the throw-away client could not be removed (\(answer.map { "\($0.status)" } ?? "no answer"))",
                "Remove \"martlet doctor (throw-away)\" at the server.")
        }
    }

    /// RFC 6749 §3.1 with PKCE (RFC 7636) and `resource` (RFC 8707): people get a page, and nobody is sent to an unknown address.
    func authorization(at server: MCPServer, _ client: String?) throws(Stop) {
        begin(.authorization)
        let stranger = "https://martlet-doctor.invalid/callback"
        let bad = try get(try request(at: server, client ?? "martlet-doctor-nobody", redirectURI: stranger), accept: "text/html")
        guard ![404, 405, 501].contains(bad.status), bad.status < 500 else {
            throw fail(
                "\(server.authorizationEndpoint) answered \(bad.status)", "Serve the authorization endpoint, through the proxy as well.")
        }
        // RFC 9700 §4.11.2: never to an address that is not registered.
        if let location = bad.field("location"), (300...399).contains(bad.status), location.hasPrefix("https://martlet-doctor.invalid") {
            throw fail(
                "it redirects to an address that no client registered (RFC 9700 §4.11.2)",
                "Compare redirect_uri exactly with the registered ones before anything is answered.")
        }
        guard let client else {
            ok("an unknown client is sent nowhere; --register or --client-id tries a known one")
            return
        }
        let answer = try get(try request(at: server, client, redirectURI: options.redirectURI), accept: "text/html")
        let location = answer.field("location") ?? ""
        switch answer.status {
        case 200...299: ok("a request with PKCE and resource gets a page (\(answer.status))")
        case 300...399 where location.hasPrefix(options.redirectURI):
            guard let error = Self.query("error", of: location) else {
                return ok("a request with PKCE and resource is answered at once")
            }
            throw fail(
                "a good request is refused: \(error)\(Self.query("error_description", of: location).map { " (\($0))" } ?? "")",
                error == "invalid_target"
                    ? "Make the resource \(options.resource) known to the server (RFC 8707 §2)."
                    : "Let the client have what it asks for; the server's log tells more.")
        case 300...399: ok("a request with PKCE and resource is led on to sign in")
        default:
            throw fail("a good request is answered \(answer.status)", "Check what the page says; the server's log tells more.")
        }
    }

    private func request(at server: MCPServer, _ client: String, redirectURI: String) throws(Stop) -> SecureURL {
        let verifier = Base64URL.encode(random.bytes(32))
        let parameters = [
            ("response_type", "code"), ("client_id", client), ("redirect_uri", redirectURI), ("state", Base64URL.encode(random.bytes(16))),
            ("code_challenge", Base64URL.encode(Digest.sha256.hash(Array(verifier.utf8)))), ("code_challenge_method", "S256"),
            ("resource", options.resource),
        ]
        let endpoint = server.authorizationEndpoint.description
        let joint = endpoint.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
        let query = parameters.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
        guard let url = SecureURL(endpoint + joint + query) else {
            throw fail("the request's address would be too long", "Use shorter addresses.")
        }
        return url
    }

    /// The token to call with: a given one, or a client's own (RFC 6749 §4.4). Nil where nothing was given.
    func token(at server: MCPServer) throws(Stop) -> String? {
        guard options.token != nil || options.credentials != nil else { return nil }
        begin(.token)
        let token: String
        if let given = options.token {
            token = given
        } else {
            guard case .token(let own) = try ownToken(at: server, for: options.resource) else { throw Stop() }
            token = own
        }
        try checkAudience(of: token)
        return token
    }

    private enum OwnToken {
        case token(String)
        case refused(String)
    }

    /// Asks for a token for a resource. A refusal of the resource under test is a failure.
    private func ownToken(at server: MCPServer, for resource: String) throws(Stop) -> OwnToken {
        guard let (id, secret) = options.credentials else { return .refused("no credentials") }
        let pair = "\(PercentEncoding.encode(id)):\(PercentEncoding.encode(secret))"
        let answer = try ask(
            DoctorNetwork.Question(
                method: "POST", url: server.tokenEndpoint,
                fields: [
                    ("authorization", "Basic " + Base64.encode(Array(pair.utf8))), ("content-type", "application/x-www-form-urlencoded"),
                    ("accept", "application/json"),
                ], body: "grant_type=client_credentials&resource=\(PercentEncoding.encode(resource))"))
        let root = try? JSONDocument(parsing: answer.body).root
        if answer.status == 200, let token = root?["access_token"]?.string { return .token(token) }
        let told = "\(server.tokenEndpoint) answered \(answer.status)\(Self.error(root))"
        guard resource == options.resource else { return .refused(told) }
        throw fail("\(told) to client_credentials", "Check the client's id, secret, grants and resources at the server.")
    }

    /// A client's own token for a resource that is not this one; nil where the server does not give such.
    private func foreignToken(at server: MCPServer) throws(Stop) -> String? {
        guard options.credentials != nil, let resource = SecureURL(options.resource) else { return nil }
        guard case .token(let token) = try ownToken(at: server, for: resource.origin + "/martlet-doctor-another-resource"),
            Self.audience(of: token).map({ audience in !audience.contains { $0.utf8.elementsEqual(options.resource.utf8) } }) == true
        else { return nil }
        return token
    }

    /// `aud` of a JWT, unverified; nil for another text.
    private static func audience(of token: String) -> [String]? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64URL.decode(String(parts[1])), let claims = try? JSONDocument(parsing: bytes).root else {
            return nil
        }
        return claims["aud"].map { $0.strings ?? [$0.string ?? ""] } ?? []
    }

    /// RFC 8707 §2: what was asked for stands in `aud`. Nothing of the token is believed here but that.
    private func checkAudience(of token: String) throws(Stop) {
        guard let audience = Self.audience(of: token) else {
            return warn(
                "the token is opaque: whom it is for cannot be seen", "See that the resource checks it by introspection (RFC 7662).")
        }
        guard audience.contains(where: { $0.utf8.elementsEqual(options.resource.utf8) }) else {
            throw fail(
                "the token is for \(audience.isEmpty ? "nobody" : audience.joined(separator: ", ")), not for \(options.resource) (RFC 8707 §2)",
                "Ask with resource=\(options.resource), and let the server put it into aud.")
        }
        guard audience.count == 1 else {
            return warn("the token is for others as well: \(audience.joined(separator: ", "))", "Let a token be for one resource.")
        }
        ok("the token is for \(options.resource)")
    }

    /// The resource takes the token, and neither a made-up one nor another resource's.
    func call(_ resource: SecureURL, _ token: String?, at server: MCPServer) throws(Stop) {
        if let token {
            begin(.call)
            let status = try status(of: resource, token)
            guard (200...299).contains(status) else {
                throw fail(
                    "with the token \(resource) answered \(status)",
                    status == 403
                        ? "The token lacks a scope that the resource demands."
                        : "Check the issuer and audience that the resource expects, its clock, and that the proxy passes Authorization on.")
            }
            ok("with the token \(resource) answered \(status)")
        }
        begin(.foreignToken)
        let madeUp = try status(of: resource, "martlet-doctor-made-this-up")
        guard madeUp == 401 else {
            throw fail(
                "a made-up token is not answered 401", "Let the resource verify tokens: 401 with error=\"invalid_token\" (RFC 6750 §3.1).")
        }
        let own = options.otherToken == nil ? try foreignToken(at: server) : nil
        guard let other = options.otherToken ?? own else {
            ok("a made-up token is refused; --other-token tries a good one of another resource")
            return
        }
        let status = try status(of: resource, other)
        // MCP specification, Token Audience Binding and Validation: "MUST reject".
        guard status == 401 || status == 403 else {
            throw fail(
                "a token of another resource is answered \(status) (RFC 8707, RFC 9068 §4)",
                "Let the resource demand its own address in aud: else any API that a token is sent to can use it here.")
        }
        ok("a made-up token and one of another resource are refused")
    }

    private func status(of resource: SecureURL, _ token: String) throws(Stop) -> Int {
        let status = try ask(Self.call(resource, token: token)).status
        guard [404, 405, 415].contains(status) else { return status }
        return try ask(
            DoctorNetwork.Question(url: resource, fields: [("accept", "application/json"), ("authorization", "Bearer " + token)])
        ).status
    }

    /// ` (invalid_client: …)` of an error answer (RFC 6749 §5.2).
    private static func error(_ root: JSONValue?) -> String {
        guard let root, let error = root["error"]?.string else { return "" }
        return " (\(error)\(root["error_description"]?.string.map { ": \($0)" } ?? ""))"
    }

    private static func query(_ name: String, of url: String) -> String? {
        guard let question = url.firstIndex(of: "?") else { return nil }
        for pair in url[question...].dropFirst().prefix(while: { $0 != "#" }).split(separator: "&") where pair.hasPrefix(name + "=") {
            return PercentEncoding.decode(Array(pair.dropFirst(name.count + 1).utf8)[...], plusIsSpace: true).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        return nil
    }
}
