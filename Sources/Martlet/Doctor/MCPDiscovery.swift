// MCPDiscovery: the steps from the address of a resource to what its authorization server says it can do: RFC 9728, RFC 8414, OpenID
// Connect Discovery 1.0.

import MartletEncoding
import MartletVerifier

/// What is used of an authorization server's metadata.
struct MCPServer {
    let issuer: String
    let root: JSONValue
    let authorizationEndpoint: SecureURL
    let tokenEndpoint: SecureURL
}

extension MCPHandshake {
    /// RFC 9728 §5.1: a request without a token is answered 401, with the address of the metadata. Nil where it is left to guess.
    func challenge(_ resource: SecureURL) throws(Stop) -> SecureURL? {
        var answer = try ask(Self.call(resource, token: nil))
        // An API that is no MCP server takes no POST there.
        if [400, 404, 405, 415].contains(answer.status) { answer = try get(resource) }
        guard answer.status == 401 else {
            throw fail(
                "without a token \(resource) answered \(answer.status), not 401",
                (200...299).contains(answer.status)
                    ? "Let the resource demand a token: a client learns only from a 401 that it needs one."
                    : "Check the address and the path that the proxy passes on; a request without a token must be answered 401.")
        }
        let challenges = answer.fields("www-authenticate")
        guard !challenges.isEmpty else {
            warn(
                "401 without WWW-Authenticate (RFC 9110 §15.5.2)", "Send WWW-Authenticate: Bearer resource_metadata=\"…\" (RFC 9728 §5.1).")
            return nil
        }
        guard let pointer = challenges.lazy.compactMap({ Challenge.parameter("resource_metadata", in: $0) }).first else {
            warn("401, but WWW-Authenticate has no resource_metadata (RFC 9728 §5.1)", "Add it: some clients look nowhere else.")
            return nil
        }
        guard let url = SecureURL(pointer), url.isEncrypted || !resource.isEncrypted else {
            throw fail(
                "resource_metadata is \(pointer), no https address",
                "Let it be the document's whole https URL; behind a proxy, configure the public address.")
        }
        ok("401, and WWW-Authenticate points to \(url)")
        return url
    }

    /// RFC 9728 §3: the document, which must be about this resource.
    func resourceMetadata(of resource: SecureURL, at pointer: SecureURL?) throws(Stop) -> (issuer: String, scopes: [String]) {
        begin(.resourceMetadata)
        let wellKnown = "/.well-known/oauth-protected-resource"
        let path = String(resource.target.prefix { $0 != "?" })
        // The path-inserted address first, then the root's (MCP specification, Protected Resource Metadata Discovery Requirements).
        let guesses = (path == "/" ? [] : [wellKnown + path]) + [wellKnown]
        let addresses = pointer.map { [$0] } ?? guesses.compactMap { SecureURL(resource.origin + $0) }
        let (address, root) = try firstDocument(
            addresses, what: "resource metadata", hint: "Serve it there (RFC 9728 §3.1), through the proxy as well.")
        guard let named = root["resource"]?.string else {
            throw fail("\(address) has no \"resource\" (RFC 9728 §2)", "Let it name the resource: \(options.resource).")
        }
        if !named.utf8.elementsEqual(options.resource.utf8), SecureURL(named) != resource || resource.target != "/" {
            // RFC 9728 §3.3: "the information contained in the response MUST NOT be used".
            guard let other = SecureURL(named), other.origin == resource.origin, Self.isBelow(resource.target, other.target) else {
                throw fail(
                    "\(address) is about \(named), not \(options.resource) (RFC 9728 §3.3)",
                    "Let \"resource\" be the address byte for byte as clients use it, slash at the end included.")
            }
            warn(
                "\(address) is about \(named), of which \(options.resource) is a part (RFC 9728 §3.3)",
                "Strict clients refuse it: let \"resource\" be the exact address.")
        }
        guard let servers = root["authorization_servers"]?.strings, let issuer = servers.first else {
            throw fail("\(address) names no authorization_servers", "Let it list the issuer's identifier: MCP needs at least one.")
        }
        guard let url = SecureURL(issuer), url.isEncrypted || !resource.isEncrypted, !issuer.utf8.contains(UInt8(ascii: "?")) else {
            throw fail(
                "authorization_servers has \(issuer), no https address",
                "Let it be the issuer's identifier, https and without query (RFC 8414 §2).")
        }
        ok("about \(named), tokens from \(issuer)")
        return (issuer, root["scopes_supported"]?.strings ?? [])
    }

    /// RFC 8414 §3 and OpenID Connect Discovery §4, in the order of the MCP specification, Authorization Server Metadata Discovery.
    func serverMetadata(of issuer: String) throws(Stop) -> MCPServer {
        begin(.serverMetadata)
        guard let url = SecureURL(issuer) else { throw fail("\(issuer) is no address", "Let authorization_servers have an https URL.") }
        let path = String(url.target.hasSuffix("/") ? url.target.dropLast() : url.target[...])
        let targets =
            path.isEmpty
            ? ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]
            : [
                "/.well-known/oauth-authorization-server" + path, "/.well-known/openid-configuration" + path,
                path + "/.well-known/openid-configuration",
            ]
        let (address, root) = try firstDocument(
            targets.compactMap { SecureURL(url.origin + $0) }, what: "authorization server metadata",
            hint: "Serve it at the first of them (RFC 8414 §3.1), through the proxy as well.")
        // RFC 8414 §3.3: "MUST be identical"; it is what keeps one server from speaking for another.
        guard let named = root["issuer"]?.string, named.utf8.elementsEqual(issuer.utf8) else {
            throw fail(
                "\(address) names the issuer \(root["issuer"]?.string ?? "nobody"), not \(issuer) (RFC 8414 §3.3)",
                "Let both documents have one spelling of the issuer, byte for byte.")
        }
        func endpoint(_ member: String) throws(Stop) -> SecureURL {
            guard let endpoint = root[member]?.string.flatMap({ SecureURL($0) }), endpoint.isEncrypted || !url.isEncrypted else {
                throw fail("\(address) has no https \(member) (RFC 8414 §2)", "Serve the authorization code grant, and say where.")
            }
            return endpoint
        }
        let server = MCPServer(
            issuer: issuer, root: root, authorizationEndpoint: try endpoint("authorization_endpoint"),
            tokenEndpoint: try endpoint("token_endpoint"))
        // RFC 8414 §2: left out, it is the code and the implicit grant.
        if let grants = root["grant_types_supported"]?.strings, !grants.contains("authorization_code") {
            throw fail(
                "\(address) does not have authorization_code among grant_types_supported",
                "Serve the authorization code grant: MCP clients use no other for people.")
        }
        ok("\(address) is the metadata of \(issuer)")
        return server
    }

    /// The MCP specification, Authorization Code Protection: a client must refuse to go on without.
    func checkPKCE(_ server: MCPServer) throws(Stop) {
        begin(.pkce)
        guard let methods = server.root["code_challenge_methods_supported"]?.strings else {
            throw fail("the metadata has no code_challenge_methods_supported", "Say [\"S256\"]: MCP clients must not go on without it.")
        }
        guard methods.contains("S256") else {
            throw fail(
                "code_challenge_methods_supported has no S256, but \(methods.joined(separator: ", "))", "Support S256 (RFC 7636 §4.2).")
        }
        guard !methods.contains("plain") else {
            return warn("S256, but plain as well (RFC 9700 §2.1.1)", "Take plain away: it protects nothing from who sees the request.")
        }
        ok("S256")
    }

    /// The first of some addresses that has a JSON object.
    private func firstDocument(_ addresses: [SecureURL], what: String, hint: String) throws(Stop) -> (SecureURL, JSONValue) {
        var tried: [String] = []
        for address in addresses {
            let answer = try get(address)
            guard answer.status == 200 else {
                tried.append("\(address): \(answer.status)")
                continue
            }
            guard let root = try? JSONDocument(parsing: answer.body).root, root.isObject else {
                throw fail(
                    "\(address) is no JSON object", "Serve the document there: often a web page for unknown paths stands in its place.")
            }
            if answer.field("content-type")?.lowercased().hasPrefix("application/json") != true {
                warn(
                    "\(address) is not application/json but \(answer.field("content-type") ?? "without a type")",
                    "Serve it as application/json.")
            }
            return (address, root)
        }
        throw fail("there is no \(what) (\(tried.joined(separator: ", ")))", hint)
    }

    /// Whether a target is another, or below it.
    private static func isBelow(_ target: String, _ parent: String) -> Bool {
        parent == "/" || target == parent || target.hasPrefix(parent.hasSuffix("/") ? parent : parent + "/")
    }

    /// The first request of an MCP client, with or without a token.
    static func call(_ resource: SecureURL, token: String?) -> DoctorNetwork.Question {
        let hello = JSONWriter.object { writer in
            writer.member("jsonrpc", "2.0")
            writer.member("id", 1)
            writer.member("method", "initialize")
            writer.name("params")
            writer.object { writer in
                writer.member("protocolVersion", "2025-06-18")
                writer.name("capabilities")
                writer.object { _ in }
                writer.name("clientInfo")
                writer.object { writer in
                    writer.member("name", "martlet doctor")
                    writer.member("version", Version.text)
                }
            }
        }
        var question = DoctorNetwork.Question(method: "POST", url: resource, body: String(decoding: hello, as: UTF8.self))
        question.fields = [("content-type", "application/json"), ("accept", "application/json, text/event-stream")]
        if let token { question.fields.append(("authorization", "Bearer " + token)) }
        return question
    }
}
