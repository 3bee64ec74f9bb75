// TokenFailure: why a refresh token, or a token given to be taken back, was refused. Web gives each its status and code.

package import Store

/// Why a token was refused.
package enum TokenFailure: Error, Sendable, Hashable {
    /// Not a token of this service; the reason is for the log.
    case invalid(reason: String)
    case expired
    /// An access token where a refresh token is wanted, or the other way round.
    case wrongType
    case sessionEnded
    /// The time in which an access token could be renewed is over.
    case refreshExpired
    /// A refresh token that was used before: its session ended.
    case replayed
    case store(StoreError)
    /// The signature could not be made.
    case signing(detail: String)
}
