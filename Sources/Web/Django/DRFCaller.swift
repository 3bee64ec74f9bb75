// DRFCaller: who a request comes from, as simplejwt's authentication class tells it, with dj-rest-auth's cookie where there is no
// header. What is wrong with a token is told in their words; the checks are those of every other caller.

import HTTP
import MartletEncoding
import MartletVerifier
import ResourceServer

extension Services {
    /// Goes on with the caller of a view that is for those who are logged in, as ``asUser(_:_:)`` does. The header wins over the
    /// cookie, which counts in requests that change something only when they come from our own pages.
    func asDRFUser(
        _ request: Request, _ cookies: JWTCookies,
        _ body: @escaping @Sendable (Services, Caller) throws(Refusal) -> Outcome
    ) throws(Refusal) -> Outcome {
        if let token = try headerToken(request) { return try asUser(bearing: token, request, refusal: Self.notValid, body) }
        guard request.headerCount(.authorization) == 0, let text = cookies.access(in: request) else {
            throw .unauthorized("not_authenticated", "Authentication credentials were not provided.")
        }
        try cookies.requireOwnPages(request, unlessItOnlyReads: true)
        return try asUser(bearing: Array(text.utf8)[...], request, refusal: Self.notValid, body)
    }

    /// What a view for everybody asks of the header: a token that stands there must be good, whatever it is for; that its session
    /// has ended is no obstacle. The cookie is not looked at, so that a stale one keeps nobody from logging in or out.
    func refuseBadHeader(_ request: Request) throws(Refusal) {
        guard let token = try headerToken(request) else { return }
        do throws(VerificationFailure) {
            _ = try anyAudience.verify(token, at: request.receivedAt)
        } catch {
            guard error == .revoked else { throw Self.notValid(Refusal(error)) }
        }
    }

    /// The token of the header, unverified; nil where it names nobody.
    private func headerToken(_ request: Request) throws(Refusal) -> ArraySlice<UInt8>? {
        guard let value = request.headerBytes(.authorization) else {
            guard request.headerCount(.authorization) == 0 else { throw .invalidRequest("Authorization must be given once.") }
            return nil
        }
        let parts = value.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        // RFC 9110 §11.1: the scheme is matched without regard to case.
        guard let scheme = parts.first, schemes.contains(String(decoding: scheme, as: UTF8.self).lowercased()) else { return nil }
        guard parts.count == 2 else {
            throw Self.drfRefusal("bad_authorization_header", "Authorization header must contain two space-delimited values")
        }
        return parts[1]
    }

    @Sendable private static func notValid(_ refusal: Refusal) -> Refusal {
        guard refusal.status == .unauthorized else { return refusal }
        return drfRefusal("token_not_valid", "Given token not valid for any token type", because: DRFAnswers.words(refusal).detail)
    }

    /// 401 with a code and, where a token is at fault, with what is wrong with it.
    static func drfRefusal(_ code: String, _ detail: String, because message: String? = nil) -> Refusal {
        var refusal = Refusal.unauthorized(code, detail)
        refusal.fields = JSONWriter.object { writer in
            writer.member("detail", detail)
            writer.member("code", code)
            guard let message else { return }
            writer.name("messages")
            writer.array { writer in
                writer.object { writer in
                    writer.member("token_class", "AccessToken")
                    writer.member("token_type", "access")
                    writer.member("message", message)
                }
            }
        }
        return refusal
    }
}
