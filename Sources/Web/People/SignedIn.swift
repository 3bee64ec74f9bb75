// SignedIn: who is signed in with the browser that sent a request: by its cookie, from the store. A use of a sign-in puts its idle end
// off, which is written once in a few minutes and waited for by nobody.

import HTTP
import MartletEncoding
import OAuth
import ResourceServer
import Store
import Tokens

extension Services {
    /// Who is signed in with the browser that sent the request; nil for nobody, and for an account that is not active any more.
    ///
    /// Blocks: for a worker. Throws when the store cannot be read.
    func signedIn(_ request: Request) throws(Refusal) -> SignedIn? {
        guard let cookie = BrowserCookie(.session, issuer: issuer).value(in: request) else { return nil }
        let now = request.receivedAt
        let found: SignedIn? = try read { reads throws(StoreError) in
            guard let session = try reads.browserSession(cookieHash: cookie.hash, at: now),
                let user = try reads.user(session.userID), user.isActive
            else { return nil }
            return SignedIn(session: session, user: user)
        }
        if let session = found?.session { putOff(session, at: now) }
        return found
    }

    private func putOff(_ session: BrowserSession, at now: UnixTime) {
        let end = now.adding(seconds: signInLimits.idle)
        guard session.idleExpiresAt.adding(seconds: signInLimits.step) <= min(end, session.expiresAt) else { return }
        store.write { transaction throws(StoreError) in
            try transaction.useBrowserSession(session.id, idleUntil: end)
        } completion: { _ in
        }
    }
}
