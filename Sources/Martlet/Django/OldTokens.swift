// OldTokens: the one place where a token that Django blacklisted is handed to the store.

import MartletEncoding
import Store

enum OldTokens {
    /// Sees to it that an old refresh token is not taken for a session until it has expired by anybody's clock.
    static func note(_ jti: String, until: UnixTime, in transaction: any StoreTransaction) throws(StoreError) {
        try transaction.noteOldToken(jti, until: until.adding(seconds: 60))
    }
}
