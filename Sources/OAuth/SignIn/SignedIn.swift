// SignedIn: somebody who proved a password to a browser some time ago, and for how long that counts.

package import Store

/// Somebody who is signed in with a browser.
package struct SignedIn: Sendable, Hashable {
    /// The sign-in.
    package let session: BrowserSession
    /// Whose it is: an active account.
    package let user: User

    package init(session: BrowserSession, user: User) {
        self.session = session
        self.user = user
    }
}

/// How long a sign-in lasts.
package struct SignInLimits: Sendable, Hashable {
    /// Seconds after which a sign-in that is not used ends.
    package let idle: Int64
    /// Seconds after which it ends however much it is used.
    package let lifetime: Int64

    package init(idle: Int64, lifetime: Int64) {
        self.idle = idle
        self.lifetime = lifetime
    }

    /// Seconds by which the idle end is put off at the least: a use before that writes nothing.
    package var step: Int64 { min(300, idle / 10) }
}
