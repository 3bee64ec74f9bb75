// HeaderName: field names (RFC 9110 §5.1). A name is a literal of this program in lower case, so no name ever
// comes from data; names are compared without regard to case because a request's names are lowered when they are read.

/// The name of a header field.
package struct HeaderName: Sendable, ExpressibleByStringLiteral {
    let text: StaticString

    /// A name from a literal of lower-case token characters (checked in debug builds).
    package init(stringLiteral text: StaticString) {
        assert(
            text.utf8CodeUnitCount > 0
                && UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
                    .allSatisfy { $0.isTokenCharacter && $0.lowercased == $0 },
            "a header name is a lower-case token")
        self.text = text
    }

    /// The name's ASCII bytes, alive as long as the program.
    var bytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    package static let accept: HeaderName = "accept"
    package static let accessControlAllowCredentials: HeaderName = "access-control-allow-credentials"
    package static let accessControlAllowHeaders: HeaderName = "access-control-allow-headers"
    package static let accessControlAllowMethods: HeaderName = "access-control-allow-methods"
    package static let accessControlAllowOrigin: HeaderName = "access-control-allow-origin"
    package static let accessControlExposeHeaders: HeaderName = "access-control-expose-headers"
    package static let accessControlMaxAge: HeaderName = "access-control-max-age"
    package static let accessControlRequestMethod: HeaderName = "access-control-request-method"
    package static let allow: HeaderName = "allow"
    package static let authorization: HeaderName = "authorization"
    package static let cacheControl: HeaderName = "cache-control"
    package static let connection: HeaderName = "connection"
    package static let contentEncoding: HeaderName = "content-encoding"
    package static let contentLength: HeaderName = "content-length"
    package static let contentSecurityPolicy: HeaderName = "content-security-policy"
    package static let contentType: HeaderName = "content-type"
    package static let cookie: HeaderName = "cookie"
    package static let crossOriginOpenerPolicy: HeaderName = "cross-origin-opener-policy"
    package static let date: HeaderName = "date"
    package static let dpop: HeaderName = "dpop"
    package static let dpopNonce: HeaderName = "dpop-nonce"
    package static let etag: HeaderName = "etag"
    package static let expect: HeaderName = "expect"
    package static let forwarded: HeaderName = "forwarded"
    package static let host: HeaderName = "host"
    package static let ifMatch: HeaderName = "if-match"
    package static let ifNoneMatch: HeaderName = "if-none-match"
    package static let location: HeaderName = "location"
    package static let origin: HeaderName = "origin"
    package static let permissionsPolicy: HeaderName = "permissions-policy"
    package static let referrerPolicy: HeaderName = "referrer-policy"
    package static let retryAfter: HeaderName = "retry-after"
    package static let secFetchSite: HeaderName = "sec-fetch-site"
    package static let setCookie: HeaderName = "set-cookie"
    package static let transferEncoding: HeaderName = "transfer-encoding"
    package static let userAgent: HeaderName = "user-agent"
    package static let vary: HeaderName = "vary"
    package static let wwwAuthenticate: HeaderName = "www-authenticate"
    package static let xContentTypeOptions: HeaderName = "x-content-type-options"
    package static let xForwardedFor: HeaderName = "x-forwarded-for"
    package static let xForwardedHost: HeaderName = "x-forwarded-host"
    package static let xForwardedMethod: HeaderName = "x-forwarded-method"
    package static let xForwardedProto: HeaderName = "x-forwarded-proto"
    package static let xForwardedURI: HeaderName = "x-forwarded-uri"
    package static let xFrameOptions: HeaderName = "x-frame-options"
    package static let xRequestID: HeaderName = "x-request-id"
}
