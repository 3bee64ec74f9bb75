// Signing out at the wish of a client: who is asked, what ends, and where nobody is sent.

import HTTP
import MartletEncoding
import MartletVerifier
import OAuth
import Store
import Testing

@testable import Web

struct LogoutRouteTests {
    private let server: Server
    private let signIn: BrowserSignIn

    init() throws {
        server = try Server()
        for id in ["shop", "mail"] { try server.addClient(id) }
        signIn = try BrowserSignIn(server, try server.register().id)
    }

    private func get(_ query: String, signedIn: Bool = true) throws -> Response {
        try server.send("GET", "/oauth2/logout" + query, signedIn ? [signIn.cookie] : [])
    }

    private func post(_ form: String, _ fields: [String] = []) throws -> Response {
        try server.send("POST", "/oauth2/logout", [signIn.cookie] + fields, form: form)
    }

    private func isSignedIn() throws -> Bool {
        try server.services.store.read { reads throws(StoreError) in
            try reads.browserSession(cookieHash: signIn.value.hash, at: Server.start) != nil
        }
    }

    private func noticed() throws -> [String] {
        try server.services.store.write { transaction throws(StoreError) in
            try transaction.takeLogoutNotices(limit: 9, except: nil, leaseSeconds: 0, at: Server.start).map(\.clientID).sorted()
        }
    }

    private static let back = "post_logout_redirect_uri=https%3A%2F%2Fshop.example%2Fbye&state=a%20b%26c"
    private static let landed = "https://shop.example/bye?state=a%20b%26c"

    @Test("without proof the person is asked, in a form that only this browser can post, and nothing has ended")
    func question() throws {
        let answer = try get("?client_id=shop&" + Self.back)
        #expect(answer.status == .ok && answer.headers[.setCookie] == nil)
        #expect(answer.text.contains("The shop") && answer.text.contains("ada"))
        #expect(answer.text.contains(#"action="/oauth2/logout""#) && answer.text.contains(signIn.formToken))
        #expect(answer.headers[.contentSecurityPolicy]?.contains("form-action 'self' https://shop.example") == true)
        #expect(try isSignedIn())
    }

    @Test("a yes ends the sign-in and all that came from it, tells the clients, and leads back with the state")
    func yes() throws {
        let tokens = try ["shop", "mail"].map { try #require(try signIn.letIn($0)["access_token"]?.string) }
        let answer = try post(
            "client_id=shop&\(Self.back)&decision=sign_out&form_token=\(signIn.formToken)", ["Sec-Fetch-Site: same-origin"])
        #expect(answer.status == .seeOther && answer.headers[.location] == Self.landed)
        #expect(answer.headers[.setCookie]?.hasPrefix("__Host-martlet-session=; Path=/; Max-Age=0") == true)
        #expect(try !isSignedIn())
        #expect(try noticed() == ["mail", "shop"])
        for token in tokens {
            #expect(throws: (any Error).self) { try server.services.anyAudience.verify(Array(token.utf8)[...], at: Server.start) }
        }
    }

    @Test("a no ends nothing and leads back all the same")
    func no() throws {
        let form = "decision=stay&form_token=\(signIn.formToken)"
        let answer = try post("client_id=shop&\(Self.back)&\(form)")
        #expect(answer.status == .seeOther && answer.headers[.location] == Self.landed && answer.headers[.setCookie] == nil)
        #expect(try post(form).headers[.location] == "/")
        #expect(try isSignedIn())
    }

    @Test(
        "a form that we did not show, or that another site posts, is no yes: the question is shown",
        arguments: [
            ("decision=sign_out&form_token=", []), ("decision=sign_out&form_token=AAAA", []),
            ("form_token=$", []), ("decision=sign_out&form_token=$", ["Sec-Fetch-Site: cross-site"]),
        ])
    func forged(form: String, fields: [String]) throws {
        let form = form.split(separator: "$", omittingEmptySubsequences: false).joined(separator: signIn.formToken)
        let answer = try post(form, fields)
        #expect(answer.headers[.setCookie] == nil)
        #expect(try isSignedIn())
    }

    @Test("what a client posts comes again as a GET, which the cookie comes along with")
    func clientsPost() throws {
        let answer = try post("client_id=shop&\(Self.back)&unknown=1")
        #expect(answer.status == .seeOther)
        #expect(answer.headers[.location] == "/oauth2/logout?client_id=shop&" + Self.back)
        #expect(try isSignedIn())
    }

    @Test("an ID token of this very sign-in stands for the question, an expired one too")
    func proof() throws {
        let hint = try signIn.idToken(for: "shop")
        let answer = try get("?id_token_hint=\(hint)&\(Self.back)")
        #expect(answer.status == .seeOther && answer.headers[.location] == Self.landed)
        #expect(try !isSignedIn())
        // Again: nobody is signed in, and the client had somebody here.
        #expect(try get("?id_token_hint=\(hint)&\(Self.back)", signedIn: false).headers[.location] == Self.landed)
    }

    @Test("an ID token of another sign-in, person or client asks; what is no ID token proves nothing and leads nowhere")
    func noProof() throws {
        let bob = try server.register("bob")
        let asks: [(String, String)] = [
            ("another sign-in", try signIn.idToken(for: "shop", signIn: "sign-in-0")),
            ("another person", try signIn.idToken(for: "shop", subject: bob.id)),
        ]
        for (what, hint) in asks {
            let answer = try get("?id_token_hint=\(hint)&\(Self.back)")
            #expect(answer.status == .ok && answer.text.contains("form_token"), "\(what)")
            #expect(answer.headers[.contentSecurityPolicy]?.contains("https://shop.example") == true, "\(what): the client is proven")
        }
        let nothing: [(String, String)] = [
            ("another issuer", try signIn.idToken(for: "shop", issuer: "https://evil.example")),
            ("an access token", bob.access), ("another type", try signIn.idToken(for: "shop", type: "logout+jwt")), ("garbage", "a.b.c"),
            ("a client that there is not", try signIn.idToken(for: "nobody")),
        ]
        for (what, hint) in nothing {
            let answer = try get("?id_token_hint=\(hint)&\(Self.back)" + (what == "a client that there is not" ? "" : "&client_id=shop"))
            #expect(answer.status == .ok && answer.text.contains("form_token"), "\(what)")
            #expect(answer.headers[.contentSecurityPolicy]?.contains("https://shop.example") == false, "\(what)")
        }
        #expect(try isSignedIn())
    }

    @Test(
        "an address that the client did not register, byte by byte, is followed by nobody",
        arguments: [
            "https://shop.example/bye/", "https://shop.example/bye?x=1", "https://shop.example/BYE", "https://shop.example:443/bye",
            "https://shop.example/bye%2F..", "https://evil.example/bye", "https://shop.example.evil.example/bye", "//shop.example/bye",
            "https://shop.example@evil.example/bye", "http://shop.example/bye", "javascript:alert(1)", "https://mail.example/bye",
            "https://shop.example/cb", "https://shop.example/bye#x", " https://shop.example/bye",
        ])
    func elsewhere(uri: String) throws {
        let query = "post_logout_redirect_uri=\(PercentEncoding.encode(uri))&client_id=shop"
        let answer = try post("\(query)&decision=sign_out&form_token=\(signIn.formToken)")
        #expect(answer.status == .ok && answer.headers[.location] == nil && answer.headers[.setCookie] != nil)
        #expect(!answer.text.contains("evil.example") && !answer.text.contains("alert(1)"))
        let hint = try signIn.idToken(for: "shop")
        let proven = try get("?\(query)&id_token_hint=\(hint)", signedIn: false)
        #expect(proven.status == .ok && proven.headers[.location] == nil)
    }

    @Test("where nobody is signed in and nothing is proven, the way back is a link and no redirect")
    func nobody() throws {
        let answer = try get("?client_id=shop&\(Self.back)", signedIn: false)
        #expect(answer.status == .ok && answer.headers[.location] == nil)
        #expect(answer.text.contains(#"href="https://shop.example/bye?state=a%20b%26c""#) && answer.text.contains("The shop"))
        #expect(try get("", signedIn: false).status == .ok)
        #expect(try get("?client_id=nobody&" + Self.back, signedIn: false).text.contains("shop.example") == false)
    }

    @Test(
        "what breaks a rule is an error page, and nobody is signed out",
        arguments: ["?client_id=shop&client_id=shop", "?state=%ff", "?client_id=mail&id_token_hint=$"])
    func errors(query: String) throws {
        let answer = try get(
            query.split(separator: "$", omittingEmptySubsequences: false).joined(separator: try signIn.idToken(for: "shop")))
        #expect(answer.status == .badRequest && answer.headers[.contentType] == "text/html; charset=utf-8")
        #expect(answer.text.contains("invalid_request"))
        #expect(try isSignedIn())
        #expect(try server.send("POST", "/oauth2/logout", json: "{}").status == .badRequest)
    }

    @Test("clients with a front channel are shown in frames, with iss and sid where they want them, and the way back is a link then")
    func frames() throws {
        try server.addClient(
            "wiki", #","frontchannel_logout_uri":"https://wiki.example/out?a=1","frontchannel_logout_session_required":true"#)
        try server.addClient("blog", #","frontchannel_logout_uri":"https://blog.example/out""#)
        try server.addClient("other", #","frontchannel_logout_uri":"https://other.example/out""#)
        for client in ["wiki", "blog", "mail"] { _ = try signIn.letIn(client) }
        let answer = try get("?id_token_hint=\(try signIn.idToken(for: "shop"))&\(Self.back)")
        #expect(answer.status == .ok && answer.headers[.setCookie] != nil)
        let issuer = PercentEncoding.encode(Server.issuer)
        #expect(answer.text.contains(#"<iframe src="https://wiki.example/out?a=1&amp;iss=\#(issuer)&amp;sid=sign-in-1""#))
        #expect(answer.text.contains(#"<iframe src="https://blog.example/out""#))
        #expect(!answer.text.contains("other.example"))
        #expect(answer.text.contains(#"href="https://shop.example/bye?state=a%20b%26c""#))
        let policy = answer.headers[.contentSecurityPolicy]
        #expect(policy?.contains("frame-src https://blog.example https://wiki.example") == true)
    }

    @Test("the metadata names the endpoint and what is told to clients")
    func metadata() throws {
        for name in ["oauth-authorization-server", "openid-configuration"] {
            let json = try #require(try server.send("GET", "/.well-known/\(name)").json)
            #expect(json["end_session_endpoint"]?.string == "https://auth.example/oauth2/logout")
            for member in ["backchannel_logout", "backchannel_logout_session", "frontchannel_logout", "frontchannel_logout_session"] {
                #expect(json["\(member)_supported"]?.bool == true)
            }
        }
    }
}
