// Store: where accounts, sessions, revocations, keys and the audit trail live.
//
// Reads come from `StoreReads`, changes from `StoreTransaction`. A change is a verb that decides and writes in
// one transaction and says what came of it; nothing above the store reads, decides and then writes. Verbs that
// end tokens append the revocation event and the audit row in that same transaction.
//
//     store.write { try $0.rotate(…) }  ──▶ transaction ──▶ COMMIT is durable ──▶ observers hear the events
//                                                                              ──▶ completion, the answer
//
// An engine (SQLite now) implements these protocols; the suite `StoreConformance` says what it must do. How a
// request waits for the completion without holding a thread is the HTTP layers' business.

package import MartletEncoding
import MartletThreads

/// A durable database of one issuer.
package protocol Store: Sendable {
    /// Runs `body` against one consistent snapshot. Blocks; belongs on a worker.
    ///
    /// Throws `StoreError.unavailable` when the database cannot be read.
    func read<Value>(_ body: (any StoreReads) throws(StoreError) -> Value) throws(StoreError) -> Value

    /// Runs `verb` in a transaction and calls `completion` once: after the commit is durable and observers have heard
    /// its events, or with the error that undid it. Returns at once; `completion` runs on the store's own thread and
    /// must not block.
    ///
    /// Several verbs may share one commit, each undone alone when it throws; when the commit fails, all get
    /// `StoreError.unavailable`. Past the bound of waiting verbs the completion gets `StoreError.overloaded`.
    func write<Value: Sendable>(
        _ verb: @escaping @Sendable (any StoreTransaction) throws(StoreError) -> Value,
        completion: @escaping @Sendable (Result<Value, StoreError>) -> Void
    )

    /// Registers what is to hear every committed event, in sequence order, before the verb's own completion. Events of
    /// other processes on the same database are heard within a second. An event may be told twice.
    /// Register before reading the live events: what was committed before is not told.
    func observeEvents(_ observer: @escaping @Sendable ([RevocationEvent]) -> Void)

    /// Ends all threads and connections, after the waiting verbs.
    func close()
}

extension Store {
    /// Runs `verb` in a transaction and waits until it is durable. For command lines, start-up and rare calls on a worker.
    package func write<Value: Sendable>(
        _ verb: @escaping @Sendable (any StoreTransaction) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        let outcome = Monitor<Result<Value, StoreError>?>(nil)
        write(verb) { result in
            outcome.withLock { $0 = result }
            outcome.signal()
        }
        return try outcome.wait { $0 }.get()
    }
}

/// What can be asked of one snapshot of the database.
package protocol StoreReads {
    /// The account with this id.
    func user(_ id: UserID) throws(StoreError) -> User?
    /// The account with this username: the one that is found by exactly this text, else the one that is found by its folded
    /// form (``UsernameKey``).
    func user(username: UsernameKey) throws(StoreError) -> User?
    /// The account that has proved it owns this address.
    func user(verifiedEmail: EmailKey) throws(StoreError) -> User?
    /// The account that had this name in the system it came from.
    func user(externalID: String) throws(StoreError) -> User?
    /// Accounts, newest first; `query` matches a part of the username or e-mail without regard to ASCII case.
    func users(matching query: String?, page: Page) throws(StoreError) -> Listing<User>
    /// Whether somebody logged in to the account from this address (``LoginAddress``) since `since`.
    func hasLoggedIn(_ user: UserID, from address: LoginAddress, since: UnixTime) throws(StoreError) -> Bool

    /// The session with this id, if it lives at `now`.
    func session(_ id: SessionID, at now: UnixTime) throws(StoreError) -> Session?
    /// The live sessions of an account, newest first.
    func sessions(of user: UserID, at now: UnixTime, page: Page) throws(StoreError) -> Listing<Session>

    /// What became of a token of the service before.
    func state(of token: OldToken, at now: UnixTime) throws(StoreError) -> OldTokenState

    /// Events with a higher sequence number, in order, at most `limit`.
    func events(after sequence: Int64, limit: Int) throws(StoreError) -> [RevocationEvent]
    /// Events that may still decide about a token at `now`, in order.
    func liveEvents(at now: UnixTime) throws(StoreError) -> [RevocationEvent]
    /// The sequence number of the newest event; 0 when there has been none.
    func lastSequence() throws(StoreError) -> Int64
    /// Revocations in force at `now` that somebody asked for or that ended something, newest first, without those that
    /// only follow from another one.
    func revocations(at now: UnixTime, page: Page) throws(StoreError) -> Listing<RevocationEvent>

    /// Every key that is not retired, oldest first; with `includingRetired`, those as well.
    func keys(includingRetired: Bool) throws(StoreError) -> [SigningKeyRecord]

    /// The client with this id.
    func client(_ id: String) throws(StoreError) -> OAuthClient?
    /// Clients, newest first.
    func clients(page: Page) throws(StoreError) -> Listing<OAuthClient>
    /// What a person let a client have.
    func consent(of user: UserID, to client: String) throws(StoreError) -> Consent?
    /// Everything that a person let clients have, in the order of their ids.
    func consents(of user: UserID) throws(StoreError) -> [Consent]
    /// The sign-in of a browser, by the hash of its cookie, if it lives at `now`.
    func browserSession(cookieHash: [UInt8], at now: UnixTime) throws(StoreError) -> BrowserSession?
    /// The clients that a sign-in let in, in the order of their ids; of somebody who proved the password again, those from before as well.
    func clients(ofBrowserSession id: String) throws(StoreError) -> [SignedInClient]
    /// The live sessions that clients have of a person, oldest first.
    func clientSessions(of user: UserID, at now: UnixTime) throws(StoreError) -> [Session]
    /// Whether a notice waits to be taken, for another client than `client`. Cheap.
    func hasDueLogoutNotice(except client: String?, at now: UnixTime) throws(StoreError) -> Bool
    /// How many notices are not settled, for gauges.
    func logoutNoticeCount() throws(StoreError) -> Int64
    /// The parameters of a pushed request, by the hash of its URI, if its time is not over.
    func pushedRequest(_ hash: [UInt8], ofClient client: String, at now: UnixTime) throws(StoreError) -> String?
    /// A request of a device that waits for an answer, by the hash of its user code.
    func deviceRequest(userCodeHash: [UInt8], at now: UnixTime) throws(StoreError) -> DeviceRequest?

    /// The audit trail, newest first.
    func audit(_ filter: AuditFilter, page: Page) throws(StoreError) -> Listing<AuditEntry>

    /// A fact about the database itself.
    func fact(_ name: Fact) throws(StoreError) -> String?
    /// How many accounts and live sessions there are, for gauges; may be some minutes old.
    func counts(at now: UnixTime) throws(StoreError) -> (users: Int64, sessions: Int64)
    /// How many accounts have a password of each scheme, sorted by the scheme's name, those without one first; for gauges, so
    /// it may be some minutes old.
    func passwordSchemes(at now: UnixTime) throws(StoreError) -> [PasswordSchemeCount]
    /// Whether any account has a password of another system's scheme (``PasswordScheme/isLegacy``), now. Cheap.
    func hasLegacyPasswords() throws(StoreError) -> Bool
}

/// The verbs. Each is one fact with an outcome, decided and written in the transaction it is called in.
package protocol StoreTransaction: StoreReads {
    /// Makes an account. Its username must differ by more than ASCII case from every other, however those are found.
    /// Audited as `userRegistered` or `userCreated` as the audit context says.
    func createUser(_ new: NewUser, audit: AuditContext, at now: UnixTime) throws(StoreError) -> CreateUserOutcome
    /// Makes an account that comes from another system, unless it is there (``ImportUserOutcome``). Usernames that differ by
    /// case only can all exist then: every imported one of them is found by exactly its own text, before an account that was
    /// made here, which goes on being found by the folded form. An account is not audited by itself (`usersImported` is the
    /// caller's to record), except one that was imported earlier and is found by its exact text only from now on.
    func importUser(_ user: ImportedUser, audit: AuditContext, at now: UnixTime) throws(StoreError) -> ImportUserOutcome
    /// Changes an account and carries out what follows from it, which ``UserChange`` lists.
    func changeUser(_ id: UserID, _ change: UserChange, audit: AuditContext, at now: UnixTime) throws(StoreError)
        -> ChangeUserOutcome
    /// Deletes an account, its sessions ended first. With `ifVersion`, only that version of it.
    func deleteUser(_ id: UserID, ifVersion: Int64?, audit: AuditContext, at now: UnixTime) throws(StoreError)
        -> ChangeUserOutcome
    /// Puts a stronger hash of the same password in place of `old`; false when the hash is another by now. Not a security
    /// change: the version stays.
    func rehash(_ id: UserID, from old: String, to new: String) throws(StoreError) -> Bool

    /// Opens a session for an account that still has the version that its credentials were checked against, records the
    /// login and the address, and ends the oldest sessions above `maximumPerUser`.
    func beginSession(
        _ new: NewSession, ifUserVersion: Int64, maximumPerUser: Int, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) -> BeginSessionOutcome
    /// Decides about a presented refresh token by the rotation table, and writes what follows.
    func rotate(_ request: RotationRequest, audit: AuditContext, at now: UnixTime) throws(StoreError) -> RotationOutcome

    /// Notes until when tokens of the service before are accepted; a time before one that was noted changes nothing. What takes back
    /// all that an account has takes those back as well from then on.
    func acceptOldTokens(until end: UnixTime, at now: UnixTime) throws(StoreError)
    /// Notes that a refresh token of the service before, which is good until then, is not to be exchanged: it was blacklisted there.
    func noteOldToken(_ id: String, until: UnixTime) throws(StoreError)
    /// Decides about a refresh token of the service before that was presented, and writes what follows.
    func exchange(_ request: ExchangeRequest, audit: AuditContext, at now: UnixTime) throws(StoreError) -> ExchangeOutcome
    /// Notes that a refresh token of the service before is not to be exchanged, and ends the session that it was exchanged for.
    func blacklistOldToken(_ id: String, until: UnixTime, reason: String, audit: AuditContext, at now: UnixTime) throws(StoreError)
        -> BlacklistOutcome
    /// Decides about an access token that asks for the next one by the renewal table (``RenewalOutcome``), and writes what
    /// follows. Not audited, as no other use of a session is.
    func renew(_ request: RenewalRequest, at now: UnixTime) throws(StoreError) -> RenewalOutcome
    /// Opens a session of an account for an administrator, who must be one now, by an access token of theirs with this `sid`;
    /// never of another administrator's account. It is no login of the account's: neither its last login nor its addresses
    /// change. Its client is `Session.impersonationClient`, which is taken back when the administrator's own sessions all end,
    /// or the role does. Audited as `userImpersonated`.
    func impersonate(
        _ new: NewSession, by administrator: UserID, with accessSessionID: String, maximumPerUser: Int, audit: AuditContext,
        at now: UnixTime
    ) throws(StoreError) -> ImpersonationOutcome

    /// Takes something back: from the commit on its tokens are dead. Nil when there is no such thing (any more). With all that an
    /// account has its sign-ins end, and their clients are told (``LogoutNotice``).
    func revoke(_ target: RevocationTarget, reason: String?, audit: AuditContext, at now: UnixTime) throws(StoreError)
        -> RevocationEvent?

    /// Registers a client; false when its id is taken. `registration` event.
    func addClient(_ client: OAuthClient, audit: AuditContext) throws(StoreError) -> Bool
    /// Puts a client's secret, registration token, metadata, policy and time without use in place of those of the version that `client` names;
    /// the version rises. `registration` event.
    func changeClient(_ client: OAuthClient, audit: AuditContext, at now: UnixTime) throws(StoreError) -> ChangeClientOutcome
    /// Removes a client with its consents and codes; its tokens and sessions are taken back. False when there is none.
    func removeClient(_ id: String, audit: AuditContext, at now: UnixTime) throws(StoreError) -> Bool
    /// Removes the clients whose time without use is over (``OAuthClient/unusedUntil``), `limit` of them at most, and keeps those for
    /// good that have a session or a consent by then. Answers how many were looked at. `registration` events.
    func removeUnusedClients(limit: Int, audit: AuditContext, at now: UnixTime) throws(StoreError) -> Int
    /// Adds to what a person lets a client have.
    func giveConsent(_ consent: Consent, audit: AuditContext) throws(StoreError)
    /// Takes it all back: the client's sessions of this person end, and it is told (``LogoutNotice``). False when there was neither.
    func withdrawConsent(of user: UserID, to client: String, audit: AuditContext, at now: UnixTime) throws(StoreError) -> Bool

    /// Notes that somebody logged in to an account from an address: its last login, and an address that is known there from now on.
    func noteLogin(of user: UserID, from address: LoginAddress, at now: UnixTime) throws(StoreError)
    /// Begins a sign-in for an account that still has the version that its password was checked against. A sign-in that the same
    /// browser had before ends: `replacing` is the hash of its cookie. So does one of the same id, which is how a sign-in goes on with a
    /// new cookie. What came from it is the new one's if it was the same person's; another person's is signed out, as by
    /// ``endBrowserSession(cookieHash:andSessions:audit:at:)``.
    func beginBrowserSession(
        _ new: BrowserSession, ifUserVersion: Int64, replacing: [UInt8]?, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) -> BeginBrowserSessionOutcome
    /// Puts the idle end of a sign-in off, as far as its absolute end.
    func useBrowserSession(_ id: String, idleUntil: UnixTime) throws(StoreError)
    /// Ends a sign-in, and with `andSessions` the sessions and codes of clients that came from it, each of which is told
    /// (``LogoutNotice``). Nil when there is none.
    func endBrowserSession(
        cookieHash: [UInt8], andSessions: Bool, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) -> BrowserSession?

    /// Takes notices that are due, for other clients than `client`, those due longest, `limit` of them at most. For `leaseSeconds` nobody
    /// else gets them; then they are due again unless they were settled.
    func takeLogoutNotices(
        limit: Int, except client: String?, leaseSeconds: Int64, at now: UnixTime
    ) throws(StoreError) -> [LogoutNotice]
    /// Says what becomes of a notice that was taken.
    func settle(_ notice: LogoutNotice, _ outcome: LogoutNoticeOutcome, at now: UnixTime) throws(StoreError)

    /// Keeps a code until it is redeemed.
    func addCode(_ code: AuthorizationCode, at now: UnixTime) throws(StoreError)
    /// Decides about a presented code by the redemption table. `session` makes the session that begins; nil where what is asked for is
    /// not what the code is for.
    func redeemCode(
        _ redemption: CodeRedemption, maximumPerUser: Int, audit: AuditContext, at now: UnixTime,
        session: (AuthorizationCode) -> NewSession?
    ) throws(StoreError) -> CodeRedemptionOutcome

    /// Keeps the parameters of a pushed request.
    func addPushedRequest(
        _ hash: [UInt8], ofClient client: String, parameters: String, until: UnixTime, at now: UnixTime
    ) throws(StoreError)
    /// Forgets a pushed request.
    func removePushedRequest(_ hash: [UInt8]) throws(StoreError)

    /// Keeps the request of a device; false when its user code is in use.
    func addDeviceRequest(_ request: DeviceRequest, at now: UnixTime) throws(StoreError) -> Bool
    /// Answers a device's request that is pending; false when it is not, or its time is over.
    func decideDeviceRequest(
        userCodeHash: [UInt8], _ decision: DeviceDecision, audit: AuditContext, at now: UnixTime
    ) throws(StoreError) -> Bool
    /// Decides about a poll by the table of ``DevicePollOutcome``. `session` makes the session that begins.
    func pollDevice(
        deviceCodeHash: [UInt8], clientID: String, proofKey: String?, maximumPerUser: Int, audit: AuditContext, at now: UnixTime,
        session: (DeviceRequest) -> NewSession?
    ) throws(StoreError) -> DevicePollOutcome

    /// Notes that a proof was shown; false when it was before.
    func useOnce(_ hash: [UInt8], until: UnixTime, at now: UnixTime) throws(StoreError) -> Bool

    /// Adds a key unless one of its purpose and algorithm is waiting already; false then. `keyring` event.
    func addKey(_ key: SigningKeyRecord, audit: AuditContext?, at now: UnixTime) throws(StoreError) -> Bool
    /// Moves keys on by their stored times: a waiting key that was published for `settleSeconds` becomes the active one
    /// of its line, the active one retiring, and a retiring one retired 60 s after the last of its tokens expired.
    /// Answers whether anything moved; `keyring` event when it did.
    func advanceKeys(at now: UnixTime, settleSeconds: Int64) throws(StoreError) -> Bool
    /// Retires every key of the replacements' lines at once, each with a `key` event, and makes the replacements active: one a line.
    func replaceKeys(with replacements: [SigningKeyRecord], audit: AuditContext, at now: UnixTime) throws(StoreError)
    /// Raises the marks of keys that sign tokens without a session.
    func raiseKeyMarks(_ marks: [KeyMark]) throws(StoreError)
    /// Stores private keys sealed anew under another master key.
    func resealKeys(_ sealed: [(id: String, privateKey: [UInt8])]) throws(StoreError)

    /// Adds a line to the audit trail. Failed logins of one account, address and minute become one line with a count.
    func record(_ action: AuditAction, target: String?, result: AuditResult, detail: String?, audit: AuditContext, at now: UnixTime)
        throws(StoreError)
    /// Sets a fact about the database.
    func setFact(_ name: Fact, _ value: String) throws(StoreError)
}

/// Facts about a database as a whole.
package enum Fact: String, Sendable {
    /// A random name of this history of events; new after a restore.
    case lineage
    /// Set once there has been an administrator.
    case hadAdministrator = "had_administrator"
    /// The latest end that tokens of the service before had, in milliseconds.
    case oldTokensEnd = "old_tokens_end"
    /// The issuer that the service was last run with.
    case issuer
    /// The algorithm that the service was last run with.
    case signingAlgorithm = "signing_algorithm"
    /// The key that client secrets are stored under, sealed.
    case clientSecretKey = "client_secret_key"
    /// The key of the tokens of forms, sealed.
    case formTokenKey = "form_token_key"
    /// The key that pairwise subjects are made by, sealed.
    case pairwiseSubjectKey = "pairwise_subject_key"
    /// How far the last import of accounts came, as JSON of the importer's own.
    case importProgress = "import_progress"
}
