// StaticFiles: the web pages as routes. The files are a table made at start, so a path outside of it simply has no route.
// Entity tags are a 64-bit FNV-1a hash of the content: they tell versions of one file apart and are no security measure.

/// Files that are served as they are.
package struct StaticFiles: Sendable {
    /// A file: its name below the root, with `/` between folders, and its content.
    package struct File: Sendable {
        package var name: String
        package var bytes: [UInt8]

        package init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    /// One GET route for each file; `index.html` also answers for its folder.
    package let routes: [Route]

    /// Routes for these files.
    /// - Parameter cacheControl: the `Cache-Control` of every file; the default has browsers ask each time, which a 304 answers.
    package init(_ files: [File], cacheControl: String = "no-cache") {
        var routes = [Route]()
        for file in files {
            let tag = "\"" + String(Self.hash(file.bytes), radix: 16) + "\""
            let headers = Headers(
                [(.contentType, MediaType.of(file.name)), (.etag, tag), (.cacheControl, cacheControl)] + Self.securityFields)
            let whole = Response(.ok, headers: headers, body: .bytes(file.bytes))
            let unchanged = Response(
                .notModified, headers: Headers([(.etag, tag), (.cacheControl, cacheControl)] + Self.securityFields))
            let handler: @Sendable (Request) -> Outcome = { request in
                .respond(Self.holds(request, tag) ? unchanged : whole)
            }
            routes.append(Route(.get, "/" + file.name, handler: handler))
            if file.name == "index.html" { routes.append(Route(.get, "/", handler: handler)) }
            if file.name.hasSuffix("/index.html") { routes.append(Route(.get, "/" + file.name.dropLast(11), handler: handler)) }
        }
        self.routes = routes
    }

    /// The fields every page carries; also for pages that are made and not read.
    package static let securityFields: [(HeaderName, String)] = [
        (
            .contentSecurityPolicy,
            "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
        ),
        (.xContentTypeOptions, "nosniff"),
        (.referrerPolicy, "no-referrer"),
        (.xFrameOptions, "DENY"),
        (.permissionsPolicy, "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        (.crossOriginOpenerPolicy, "same-origin"),
    ]

    /// RFC 9110 §13.1.2: weak comparison, `*` matches what exists.
    private static func holds(_ request: Request, _ tag: String) -> Bool {
        request.headerList(.ifNoneMatch).contains { $0 == "*" || $0 == tag || $0 == "W/" + tag }
    }

    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }
}
