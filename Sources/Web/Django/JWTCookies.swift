// JWTCookies: the access and the refresh token as cookies under names of the operator's choice, as dj-rest-auth has them, and the
// proof that a request which sets or relies on them comes from our own pages. It stands in for Django's CSRF token.

import HTTP
import MartletEncoding
import ResourceServer
import Store
import Tokens

/// The cookies that carry tokens; without a name there is no such cookie.
struct JWTCookies: Sendable {
    private let accessName: String?
    private let refreshName: String?
    private let pages: OwnPages

    init(accessName: String?, refreshName: String?, pages: OwnPages) {
        self.accessName = accessName
        self.refreshName = refreshName
        self.pages = pages
    }

    /// Whether refresh tokens travel by cookie, and by cookie alone.
    var carryRefresh: Bool { refreshName != nil }

    /// The access token that the request carries; empty where the cookie is.
    func access(in request: Request) -> String? { accessName.flatMap { request.cookie($0) } }

    /// The refresh token that the request carries; empty where the cookie is.
    func refresh(in request: Request) -> String? { refreshName.flatMap { request.cookie($0) } }

    /// Throws 403 for a request of somebody else's page. A client that is no browser says nothing about pages, and nobody can make
    /// it send a cookie that it does not mean to send.
    func requireOwnPages(_ request: Request, unlessItOnlyReads: Bool = false) throws(Refusal) {
        if unlessItOnlyReads, request.method == .get || request.method == .head { return }
        guard accessName != nil || refreshName != nil, pages.isFromBrowser(request), !pages.sent(request) else { return }
        throw .forbidden("CSRF Failed: cookies count only in requests from the service's own pages.")
    }

    /// The answer with the session's access token as a cookie, and with its refresh token where there is a new one.
    func setting(_ tokens: SessionTokens, hasNewRefresh: Bool, at now: UnixTime, on response: Response) -> Response {
        var response = response
        if let accessName {
            response.headers.append(.setCookie, setting(accessName, tokens.access.text, until: tokens.access.expiresAt, at: now))
        }
        if let refreshName, hasNewRefresh {
            response.headers.append(.setCookie, setting(refreshName, tokens.refresh, until: tokens.session.refreshExpiresAt, at: now))
        }
        return response
    }

    /// The answer with every cookie taken away.
    func clearing(_ response: Response) -> Response {
        [accessName, refreshName].compactMap { $0 }.reduce(response) { response, name in
            response.adding(
                .setCookie, "\(name)=\"\"; expires=\(Self.date(UnixTime(seconds: 0))); Max-Age=0; Path=/; SameSite=Lax" + secure)
        }
    }

    private func setting(_ name: String, _ token: String, until end: UnixTime, at now: UnixTime) -> String {
        "\(name)=\(token); expires=\(Self.date(end)); HttpOnly; Max-Age=\(max(end.seconds - now.seconds, 0)); Path=/; SameSite=Lax"
            + secure
    }

    private var secure: String { pages.areSecure ? "; Secure" : "" }

    private static func date(_ time: UnixTime) -> String { String(decoding: HTTPDate.bytes(time), as: UTF8.self) }
}
