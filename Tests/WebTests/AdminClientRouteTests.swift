// Clients in administrators' hands: what is answered, what is refused, and that a secret is shown once.

import HTTP
import MartletEncoding
import OAuth
import Store
import Testing

@testable import Web

struct AdminClientRouteTests {
    private static let path = "/admin/api/clients"
    private static let shop = #"{"client_id":"shop","client_name":"Shop","redirect_uris":["https://shop.example/cb"],"first_party":true}"#

    private func send(
        _ server: Server, _ access: String, _ method: String, _ path: String = "", _ fields: [String] = [], json: String? = nil
    ) throws -> Response {
        try server.send(method, Self.path + path, fields, json: json, bearer: access)
    }

    @Test("a client is made, shown, listed, changed and removed; its secret is shown once")
    func life() throws {
        let server = try Server()
        let access = try server.administrator().access
        let made = try send(server, access, "POST", json: Self.shop)
        #expect(made.status == .created && made.headers[.location] == "/admin/api/clients/shop" && made.headers[.etag] == "\"1\"")
        #expect(made.headers[.cacheControl] == "no-store")
        #expect(made.json?["client_secret"]?.string?.utf8.count == 43)
        #expect(made.json?["first_party"]?.bool == true && made.json?["origin"]?.string == "operator")

        let shown = try send(server, access, "GET", "/shop")
        #expect(shown.status == .ok && shown.json?["client_secret"] == nil && shown.json?["client_name"]?.string == "Shop")
        #expect(shown.json?["token_endpoint_auth_method"]?.string == "client_secret_basic")
        let list = try send(server, access, "GET")
        #expect(list.json?["items"]?.elements?.compactMap { $0["client_id"]?.string } == ["shop"])

        let changed = try send(server, access, "PATCH", "/shop", json: #"{"client_name":"New","first_party":null,"access_ttl":60}"#)
        #expect(changed.status == .ok && changed.headers[.etag] == "\"2\"" && changed.json?["client_name"]?.string == "New")
        #expect(changed.json?["first_party"] == nil && changed.json?["access_ttl"]?.integer == 60)
        #expect(changed.json?["redirect_uris"]?.strings == ["https://shop.example/cb"], "what is not named stays")
        #expect(changed.json?["client_secret"] == nil)

        #expect(try send(server, access, "DELETE", "/shop").status == .noContent)
        #expect(try send(server, access, "GET", "/shop").status == .notFound)
        #expect(try send(server, access, "DELETE", "/shop").status == .notFound)
    }

    @Test("a new secret is right from its answer on, and the one before is wrong")
    func rotation() throws {
        let server = try Server()
        let access = try server.administrator().access
        func stored() throws -> [UInt8] {
            try #require(try server.services.store.read { reads throws(StoreError) in try reads.client("shop") }?.secret)
        }
        let secrets = server.services.registrar.secrets
        let first = try #require(try send(server, access, "POST", json: Self.shop).json?["client_secret"]?.string)
        let before = try stored()
        #expect(secrets.isRight(first, stored: before))
        let rotated = try send(server, access, "POST", "/shop/rotate-secret")
        let second = try #require(rotated.json?["client_secret"]?.string)
        #expect(rotated.headers[.etag] == "\"2\"")
        let now = try stored()
        #expect(secrets.isRight(second, stored: now) && !secrets.isRight(first, stored: now))
        #expect(try send(server, access, "POST", "/nobody/rotate-secret").status == .notFound)
        _ = try send(server, access, "PATCH", "/shop", json: #"{"token_endpoint_auth_method":"none"}"#)
        let refused = try send(server, access, "POST", "/shop/rotate-secret")
        #expect(refused.status == .badRequest && refused.json?["fields"]?["token_endpoint_auth_method"] != nil)
    }

    @Test("a client that becomes confidential gets a secret, and one that becomes public loses it")
    func methods() throws {
        let server = try Server()
        let access = try server.administrator().access
        let made = try send(
            server, access, "POST",
            json: #"{"client_id":"app","redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"none"}"#)
        #expect(made.status == .created && made.json?["client_secret"] == nil)
        let confidential = try send(server, access, "PATCH", "/app", json: #"{"token_endpoint_auth_method":"client_secret_post"}"#)
        #expect(confidential.json?["client_secret"]?.string != nil)
        _ = try send(server, access, "PATCH", "/app", json: #"{"token_endpoint_auth_method":"none"}"#)
        #expect(try server.services.store.read { reads throws(StoreError) in try reads.client("app") }?.secret == nil)
    }

    @Test("If-Match names the version that is meant")
    func versions() throws {
        let server = try Server()
        let access = try server.administrator().access
        _ = try send(server, access, "POST", json: Self.shop)
        for tag in ["\"2\"", "\"x\"", "1"] {
            #expect(try send(server, access, "PATCH", "/shop", ["If-Match: \(tag)"], json: "{}").status == .preconditionFailed)
            #expect(try send(server, access, "DELETE", "/shop", ["If-Match: \(tag)"]).status == .preconditionFailed)
            #expect(try send(server, access, "POST", "/shop/rotate-secret", ["If-Match: \(tag)"]).status == .preconditionFailed)
        }
        #expect(try send(server, access, "PATCH", "/shop", ["If-Match: \"1\""], json: "{}").status == .ok)
        #expect(try send(server, access, "DELETE", "/shop", ["If-Match: \"2\""]).status == .noContent)
    }

    @Test(
        "what is wrong is told by the member",
        arguments: [
            ("{}", "redirect_uris"),
            (#"{"redirect_uris":["javascript:alert(1)"]}"#, "redirect_uris"),
            (#"{"redirect_uris":["https://a.example/cb#f"]}"#, "redirect_uris"),
            (#"{"redirect_uris":"https://a.example/cb"}"#, "redirect_uris"),
            (#"{"grant_types":["implicit"]}"#, "grant_types"),
            (#"{"grant_types":["client_credentials"],"token_endpoint_auth_method":"none"}"#, "grant_types"),
            (#"{"grant_types":["client_credentials"],"token_endpoint_auth_method":"mtls"}"#, "token_endpoint_auth_method"),
            (#"{"grant_types":["client_credentials"],"token_endpoint_auth_method":"private_key_jwt"}"#, "jwks"),
            (#"{"grant_types":["client_credentials"],"scope":"a\"b"}"#, "scope"),
            (#"{"grant_types":["client_credentials"],"access_ttl":-1}"#, "access_ttl"),
            (#"{"grant_types":["client_credentials"],"first_party":"yes"}"#, "first_party"),
            (#"{"grant_types":["client_credentials"],"client_id":"a/b"}"#, "client_id"),
            (#"{"grant_types":["client_credentials"],"client_id":"martlet"}"#, "client_id"),
            (#"{"grant_types":["client_credentials"],"client_id":""}"#, "client_id"),
            (#"{"grant_types":["client_credentials"],"client_id":7}"#, "client_id"),
            (#"{"grant_types":["client_credentials"],"client_uri":"http://a.example"}"#, "client_uri"),
        ])
    func refuses(json: String, field: String) throws {
        let server = try Server()
        let access = try server.administrator().access
        let response = try send(server, access, "POST", json: json)
        #expect(response.status == .badRequest && response.json?["code"]?.string == "validation_failed", "\(json)")
        #expect(response.json?["fields"]?.members.map(\.name) == [field], "\(json)")
    }

    @Test("an id is one client's, and stays what it is")
    func ids() throws {
        let server = try Server()
        let access = try server.administrator().access
        _ = try send(server, access, "POST", json: Self.shop)
        #expect(try send(server, access, "POST", json: Self.shop).status == .conflict)
        let other = try send(server, access, "PATCH", "/shop", json: #"{"client_id":"other"}"#)
        #expect(other.status == .badRequest && other.json?["fields"]?["client_id"] != nil)
        #expect(try send(server, access, "PATCH", "/shop", json: #"{"client_id":"shop"}"#).status == .ok)
        let grants = try send(server, access, "PATCH", "/shop", json: #"{"grant_types":["client_credentials"]}"#)
        #expect(grants.json?["response_types"]?.strings == [], "the response types follow from the grants")
    }

    @Test("what an administrator changed is kept, used or not")
    func adoption() throws {
        let server = try Server(clientRegistration: .open(token: nil))
        let access = try server.administrator().access
        let registered = try server.send("POST", "/oauth2/register", json: #"{"redirect_uris":["https://a.example/cb"]}"#)
        let id = try #require(registered.json?["client_id"]?.string)
        func record() throws -> OAuthClient? { try server.services.store.read { reads throws(StoreError) in try reads.client(id) } }
        #expect(try record()?.unusedUntil != nil)
        #expect(try send(server, access, "PATCH", "/\(id)", json: #"{"first_party":true}"#).status == .ok)
        #expect(try record()?.unusedUntil == nil)
    }
}
