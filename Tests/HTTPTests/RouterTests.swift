// Which route a request finds, and what is said where there is none.

import HTTP
import Testing

struct RouterTests {
    @Test(
        "methods and paths find their route",
        arguments: [
            ("GET", "/", "GET / []", "the root"),
            ("GET", "/a", "GET /a []", "a literal"),
            ("GET", "/a/", "GET /a []", "a slash at the end is the same route"),
            ("HEAD", "/a", "GET /a []", "HEAD where GET is"),
            ("POST", "/a", "POST /a []", "another method of the same path"),
            ("GET", "/%61", "GET /a []", "an escaped literal"),
            ("GET", "/u/me", "GET /u/me []", "a literal beats a capture"),
            ("GET", "/u/7", "GET /u/{id} [7]", "a capture"),
            ("GET", "/u/7/", "GET /u/{id} [7]", "a capture and a slash at the end"),
            ("GET", "/u/a%20b", "GET /u/{id} [a b]", "an escaped capture"),
            ("GET", "/u/me/s", "GET /u/{id}/s [me]", "back to the capture where the literal leads nowhere"),
            ("DELETE", "/u/7/s/8", "DELETE /u/{id}/s/{s} [7,8]", "two captures"),
            ("GET", "/A", "404", "paths are case-sensitive"),
            ("GET", "/a/b", "404", "a path below a route"),
            ("GET", "/u", "404", "a folder without a route"),
            ("GET", "/u/", "404", "a capture is never empty"),
            ("GET", "//a", "404", "empty segments are not skipped"),
            ("GET", "/u/7/x", "404", "an unknown segment after a capture"),
            ("DELETE", "/a", "405 GET, HEAD, POST, OPTIONS", "another method"),
            ("BREW", "/a", "405 GET, HEAD, POST, OPTIONS", "an unknown method"),
            ("GET", "/u/7/s/8", "405 DELETE, OPTIONS", "GET where there is none"),
            ("OPTIONS", "/a", "options GET, HEAD, POST, OPTIONS", "OPTIONS of a path"),
            ("OPTIONS", "*", "options GET, HEAD, POST, DELETE, OPTIONS", "OPTIONS of the service"),
            ("OPTIONS", "/x", "404", "OPTIONS of nothing"),
        ])
    func resolve(method: String, target: String, expected: String, reason: String) throws {
        let head = try #require(parsedHead("\(method) \(target) HTTP/1.1\r\nHost: a\r\n\r\n"))
        let found =
            switch router.resolve(head) {
            case .route(let route, let parameters):
                "\(route.method.name) \(route.pattern) [\(captured(target, method, parameters, route))]"
            case .options(let allow): "options \(allow)"
            case .refusal(let refusal): ([String(refusal.status.code)] + [refusal.allow].compactMap(\.self)).joined(separator: " ")
            }
        #expect(found == expected, "\(reason)")
    }

    @Test("a proxy's router has one route for everything", arguments: ["GET /", "BREW /a/b?c", "OPTIONS *", "POST http://h.example"])
    func everything(line: String) throws {
        let head = try #require(parsedHead("\(line) HTTP/1.1\r\nHost: a\r\n\r\n"))
        let proxy = Router(everything: Route(.get, "/") { _ in .respond(Response(.ok)) })
        guard case .route(let route, let parameters) = proxy.resolve(head) else {
            Issue.record("no route")
            return
        }
        #expect(route.pattern == "/" && parameters.isEmpty)
        #expect(line.hasPrefix(makeRequest("/a", method: "BREW")?.methodName ?? "") == line.hasPrefix("BREW"))
    }

    private func captured(_ target: String, _ method: String, _ parameters: [Router.Parameter], _ route: Route) -> String {
        let request = makeRequest(target, method: method, parameters: parameters)
        return ["id", "s"].compactMap { request?.parameter($0) }.joined(separator: ",")
    }

    private let router: Router = {
        let answer: @Sendable (Request) -> Outcome = { _ in .respond(Response(.ok)) }
        return Router([
            Route(.get, "/", handler: answer), Route(.get, "/a", handler: answer), Route(.post, "/a", handler: answer),
            Route(.get, "/u/me", handler: answer), Route(.get, "/u/{id}", handler: answer), Route(.get, "/u/{id}/s", handler: answer),
            Route(.delete, "/u/{id}/s/{s}", handler: answer),
        ])
    }()
}
