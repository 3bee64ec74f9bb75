// The handshake of `martlet doctor mcp` against servers that are right but for one thing: what is broken, and which step is named.

import MartletCryptography
import MartletEncoding
import MartletVerifier
import Synchronization
import Testing

@testable import Martlet

struct MCPHandshakeTests {
    @Test("a resource and a server that are right come through, whatever is known of them")
    func healthy() {
        #expect(run(Script()).findings.map(\.line) == run(Script()).findings.map(\.line))
        for (registers, token) in [(false, nil), (true, nil), (true, Script.token)] as [(Bool, String?)] {
            let (findings, script) = run(Script(), registers: registers, token: token)
            #expect(findings.allSatisfy { $0.outcome == .ok }, "\(findings.map(\.line))")
            #expect(findings.map(\.check).contains("removal") == registers)
            #expect(script.asked.contains("DELETE \(Script.server)/register/1") == registers, "what was registered is removed")
        }
    }

    @Test(
        "what is broken names its step, and nothing is asked after it",
        arguments: [
            Broken("an open resource", .challenge) { $0["POST /mcp"] = .init(status: 200) },
            Broken("no such path", .challenge) {
                $0["POST /mcp"] = .init(status: 404)
                $0["GET /mcp"] = .init(status: 404)
            },
            Broken("a pointer to http", .challenge) {
                $0["POST /mcp"] = .challenge("Bearer resource_metadata=\"http://api.example/meta\"")
            },
            Broken("no resource metadata", .resourceMetadata) { $0["GET \(Script.resourcePath)"] = .init(status: 404) },
            Broken("a web page in its place", .resourceMetadata) {
                $0["GET \(Script.resourcePath)"] = .init(status: 200, fields: [("content-type", "text/html")], body: Array("<html>".utf8))
            },
            Broken("metadata of another resource", .resourceMetadata) {
                $0.resource(#""resource":"https://evil.example/mcp","authorization_servers":["https://auth.example"]"#)
            },
            Broken("a slash at its end", .resourceMetadata) {
                $0.resource(#""resource":"https://api.example/mcp/","authorization_servers":["https://auth.example"]"#)
            },
            Broken("no resource member", .resourceMetadata) { $0.resource(#""authorization_servers":["https://auth.example"]"#) },
            Broken("no server", .resourceMetadata) { $0.resource(#""resource":"https://api.example/mcp""#) },
            Broken("an empty list of servers", .resourceMetadata) {
                $0.resource(#""resource":"https://api.example/mcp","authorization_servers":[]"#)
            },
            Broken("a server over http", .resourceMetadata) {
                $0.resource(#""resource":"https://api.example/mcp","authorization_servers":["http://auth.example"]"#)
            },
            Broken("no server metadata", .serverMetadata) {
                $0["GET \(Script.serverPath)"] = .init(status: 404)
                $0["GET /.well-known/openid-configuration"] = .init(status: 404)
            },
            Broken("another issuer", .serverMetadata) { $0.metadata["issuer"] = #""https://auth.example/""# },
            Broken("no authorization endpoint", .serverMetadata) { $0.metadata["authorization_endpoint"] = nil },
            Broken("a token endpoint over http", .serverMetadata) { $0.metadata["token_endpoint"] = #""http://auth.example/token""# },
            Broken("no code grant", .serverMetadata) { $0.metadata["grant_types_supported"] = #"["client_credentials"]"# },
            Broken("no word of PKCE", .pkce) { $0.metadata["code_challenge_methods_supported"] = nil },
            Broken("plain alone", .pkce) { $0.metadata["code_challenge_methods_supported"] = #"["plain"]"# },
            Broken("no way to become a client", .registration) {
                $0.metadata["registration_endpoint"] = nil
                $0.metadata["client_id_metadata_document_supported"] = nil
            },
            Broken("registration refused", .registration) {
                $0["POST /register"] = .json(#""error":"invalid_client_metadata""#, status: 400)
            },
            Broken("registration without an id", .registration) { $0["POST /register"] = .json("", status: 201) },
            Broken("no authorization endpoint there", .authorization) { $0["GET /authorize"] = .init(status: 404) },
            Broken("an open redirector", .authorization) { $0.redirectsStrangers = true },
            Broken("a resource that it does not know", .authorization) {
                $0["GET /authorize"] = .init(status: 303, fields: [("location", "http://127.0.0.1:53682/callback?error=invalid_target")])
            },
            Broken("a good request refused", .authorization) { $0["GET /authorize"] = .init(status: 400) },
            Broken("a token for others", .token, token: Script.jwt(#"["https://other.example/mcp"]"#)) { _ in },
            Broken("a token for nobody", .token, token: Script.jwt(nil)) { _ in },
            Broken("a resource that refuses its token", .call, token: Script.token) { $0.accepted = [] },
            Broken("a resource that takes anything", .foreignToken, token: Script.token) { $0.takesAnything = true },
            Broken("a resource that takes another's", .foreignToken, token: Script.token, otherToken: "other") {
                $0.accepted.insert("other")
            },
        ])
    func broken(_ broken: Broken) {
        var script = Script()
        broken.breaking(&script)
        let (findings, _) = run(script, registers: true, token: broken.token, otherToken: broken.otherToken)
        let failed = findings.filter { $0.outcome == .failed }
        #expect(failed.map(\.check) == [broken.step.rawValue], "\(findings.map(\.line))")
        #expect(failed.allSatisfy { $0.advice?.isEmpty == false })
        #expect(findings.last { $0.check != "removal" } == failed.last, "the failed step is the last")
        #expect(!findings.map(\.line).joined().contains(Script.registrationToken), "nothing secret is told")
    }

    @Test(
        "every question that is not answered fails its own step",
        arguments: [
            ("POST /mcp", MCPHandshake.Step.challenge), ("GET \(Script.resourcePath)", .resourceMetadata),
            ("GET \(Script.serverPath)", .serverMetadata),
            ("POST /register", .registration), ("GET /authorize", .authorization),
        ])
    func silence(question: String, step: MCPHandshake.Step) {
        var script = Script()
        script.answers[question] = .silence
        let findings = run(script, registers: true).findings
        #expect(findings.first { $0.outcome == .failed }?.check == step.rawValue)
        #expect(findings.json("resource", Script.resource).contains(#""failed":"\#(step.rawValue)""#))
    }

    @Test("without a pointer the well-known addresses are tried, that with the path first; an issuer with a path has three")
    func order() {
        var script = Script()
        script["POST /mcp"] = .challenge("Bearer")
        script["GET \(Script.resourcePath)"] = .init(status: 404)
        script["GET /.well-known/oauth-protected-resource"] = .json(
            #""resource":"https://api.example/mcp","authorization_servers":["https://auth.example/t"]"#)
        let (findings, ran) = run(script)
        #expect(findings.map(\.outcome) == [.warn, .ok, .failed])
        #expect(
            ran.asked.filter { $0.contains(".well-known") } == [
                "GET https://api.example/.well-known/oauth-protected-resource/mcp",
                "GET https://api.example/.well-known/oauth-protected-resource",
                "GET https://auth.example/.well-known/oauth-authorization-server/t",
                "GET https://auth.example/.well-known/openid-configuration/t",
                "GET https://auth.example/t/.well-known/openid-configuration",
            ])
    }

    @Test("a resource that is a part of what the metadata is about is taken with a warning")
    func parent() {
        var script = Script()
        script.resource(#""resource":"https://api.example","authorization_servers":["https://auth.example"]"#)
        #expect(run(script).findings.filter { $0.outcome != .ok }.map(\.check) == ["resource metadata"])
    }

    @Test("what a peer says cannot move the cursor")
    func printable() {
        #expect(Finding.ok("a", "b\u{1B}[2J\nc").line == "ok      a: b [2J c")
        #expect(Finding.ok("a", "b\u{202E}c\u{2028}ok      d").line == "ok      a: b c ok      d")
    }

    @Test(
        "a parameter of a challenge is found by its name, and not within another's quotes",
        arguments: [
            (#"Bearer resource_metadata="https://a.example/x""#, "https://a.example/x"), ("Bearer Resource_Metadata=x, error=y", "x"),
            (#"Basic realm="resource_metadata=no", Bearer error="a\"b", resource_metadata="x""#, "x"),
            (#"Bearer resource_metadata = "x""#, "x"),
            (#"Bearer realm="resource_metadata=no""#, nil), ("Bearer", nil), ("", nil), (#"Bearer resource_metadata="x"#, nil),
        ] as [(String, String?)])
    func challenges(field: String, value: String?) {
        #expect(Challenge.parameter("resource_metadata", in: field) == value)
    }

    @Test(
        "times are read as HTTP and libcurl write them",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Nov  6 08:49:37 1994 GMT", 784_111_777),
            ("1994-11-06 08:49:37 GMT", 784_111_777),
            ("Sunday, 06-Nov-94 08:49:37 GMT", nil), ("Foo 6 08:49:37 1994 GMT", nil), ("", nil),
        ] as [(String, Int64?)])
    func times(text: String, seconds: Int64?) {
        #expect(CertificateEnd.parse(text)?.seconds == seconds)
    }

    private func run(_ script: Script, registers: Bool = false, token: String? = nil, otherToken: String? = nil) -> (
        findings: [Finding], Played
    ) {
        let played = Played(script)
        var options = MCPHandshake.Options(resource: Script.resource, registers: registers)
        options.token = token
        options.otherToken = otherToken
        let network = DoctorNetwork { question throws(FetchFailure) in try played.answer(question) }
        return (MCPHandshake(options, network: network).run(), played)
    }
}

/// One thing that is wrong.
struct Broken: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let step: MCPHandshake.Step
    let token: String?
    let otherToken: String?
    let breaking: @Sendable (inout Script) -> Void

    init(
        _ what: String, _ step: MCPHandshake.Step, token: String? = nil, otherToken: String? = nil,
        _ breaking: @escaping @Sendable (inout Script) -> Void
    ) {
        testDescription = what
        self.step = step
        self.token = token
        self.otherToken = otherToken
        self.breaking = breaking
    }
}

/// A resource and a server that are right, to be broken.
struct Script: Sendable {
    enum Reply: Sendable {
        case answer(DoctorNetwork.Answer)
        case silence
    }

    static let resource = "https://api.example/mcp"
    static let server = "https://auth.example"
    static let resourcePath = "/.well-known/oauth-protected-resource/mcp"
    static let serverPath = "/.well-known/oauth-authorization-server"
    static let registrationToken = "registration-access-token"
    static let token = jwt(#"["https://api.example/mcp"]"#)

    var answers: [String: Reply] = [:]
    var metadata = [
        "issuer": #""https://auth.example""#, "authorization_endpoint": #""https://auth.example/authorize""#,
        "token_endpoint": #""https://auth.example/token""#, "registration_endpoint": #""https://auth.example/register""#,
        "client_id_metadata_document_supported": "true", "code_challenge_methods_supported": #"["S256"]"#,
    ]
    var redirectsStrangers = false
    var takesAnything = false
    var accepted: Set<String> = [token]

    init() {
        self["POST /mcp"] = .challenge("Bearer realm=\"x\", resource_metadata=\"https://api.example\(Self.resourcePath)\"")
        resource(#""resource":"https://api.example/mcp","authorization_servers":["https://auth.example"]"#)
        self["POST /register"] = .json(
            #""client_id":"1","registration_client_uri":"https://auth.example/register/1","registration_access_token":"registration-access-token""#,
            status: 201)
        self["DELETE /register/1"] = .init(status: 204)
        self["GET /authorize"] = .init(status: 200)
    }

    subscript(_ question: String) -> DoctorNetwork.Answer? {
        get { if case .answer(let answer)? = answers[question] { answer } else { nil } }
        set { answers[question] = newValue.map { .answer($0) } }
    }

    mutating func resource(_ members: String) { self["GET \(Self.resourcePath)"] = .json(members) }

    static func jwt(_ audience: String?) -> String {
        "e30." + Base64URL.encode(Array("{\(audience.map { "\"aud\":\($0)" } ?? "")}".utf8)) + ".c2ln"
    }
}

extension DoctorNetwork.Answer {
    static func json(_ members: String, status: Int = 200) -> Self {
        .init(status: status, fields: [("content-type", "application/json")], body: Array("{\(members)}".utf8))
    }

    static func challenge(_ field: String) -> Self { .init(status: 401, fields: [("www-authenticate", field)]) }
}

/// A script as it is played, and what was asked.
private final class Played: Sendable {
    private let script: Script
    private let questions = Mutex<[String]>([])

    init(_ script: Script) { self.script = script }

    var asked: [String] { questions.withLock { $0 } }

    func answer(_ question: DoctorNetwork.Question) throws(FetchFailure) -> DoctorNetwork.Answer {
        let path = String(question.url.target.prefix { $0 != "?" })
        questions.withLock { $0.append("\(question.method) \(question.url.origin)\(path)") }
        if path == "/mcp", let token = question.field("authorization")?.dropFirst("Bearer ".count) {
            return .init(status: script.takesAnything || script.accepted.contains(String(token)) ? 200 : 401)
        }
        if question.url.target.contains("martlet-doctor.invalid"), script["GET /authorize"]?.status == 200 {
            return script.redirectsStrangers
                ? .init(status: 302, fields: [("location", "https://martlet-doctor.invalid/callback?error=x")]) : .init(status: 400)
        }
        let name = "\(question.method) \(path)"
        if path == Script.serverPath, script.answers[name] == nil {
            return .json(script.metadata.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ","))
        }
        switch script.answers[name] {
        case .answer(let answer): return answer
        case .silence: throw .timedOut
        case nil: return .init(status: 404)
        }
    }
}
