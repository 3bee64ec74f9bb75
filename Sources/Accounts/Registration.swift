// Registration: somebody makes an account for themselves and is logged in to it.
//
//     read (worker) ──▶ hash (hashing) ──▶ account and session, one transaction (store) ──▶ tokens (loop)

package import MartletCryptography
package import MartletEncoding
package import Store
package import Tokens

/// Makes accounts for those who ask.
package struct Registration: Sendable {
    /// Whether anybody may make an account.
    package let isOpen: Bool
    let store: any Store
    private var sessions: SessionService
    private let hasher: PasswordHasher
    private let throttle: LoginThrottle
    private let common: CommonPasswords
    private let random: RandomSource

    package init(
        isOpen: Bool, store: any Store, sessions: SessionService, hasher: PasswordHasher, throttle: LoginThrottle, common: CommonPasswords,
        random: RandomSource
    ) {
        self.isOpen = isOpen
        self.store = store
        self.sessions = sessions
        self.hasher = hasher
        self.throttle = throttle
        self.common = common
        self.random = random
    }

    /// The same, for tokens of these sessions.
    package func with(_ sessions: SessionService) -> Self {
        var other = self
        other.sessions = sessions
        return other
    }

    /// An account that keeps the rules, its password not hashed yet.
    package struct Candidate: Sendable {
        package let username: Username
        package let email: EmailAddress?
        fileprivate let password: Password
    }

    /// Reads what was sent. Every broken rule of every member is told at once.
    package func candidate(username: String, password: String, email: String?) throws(AccountError) -> Candidate {
        guard isOpen else { throw .registrationClosed }
        return try Self.candidate(username: username, password: password, email: email, common: common)
    }

    /// The rules alone, for administrators and the command line too.
    package static func candidate(
        username: String, password: String, email: String?, common: CommonPasswords
    ) throws(AccountError) -> Candidate {
        var problems: [FieldProblem] = []
        var name: Username?
        var address: EmailAddress?
        do { name = try Username(parsing: username) } catch { problems.append(error) }
        if let email {
            do { address = try EmailAddress(parsing: email) } catch { problems.append(error) }
        }
        var accepted: Password?
        do throws(AccountError) {
            accepted = try Password(new: password, username: username, email: email, common: common)
        } catch {
            guard case .invalid(let more) = error else {
                guard problems.isEmpty else { throw .invalid(problems) }
                throw error
            }
            problems += more
        }
        guard problems.isEmpty, let name, let accepted else { throw .invalid(problems) }
        return Candidate(username: name, email: address, password: accepted)
    }

    /// The account to make, its password hashed: for the hashing lane. Throws `.rateLimited` when its address made too many.
    package func hash(_ candidate: Candidate, from address: LoginAddress, at now: UnixTime) throws(AccountError) -> NewUser {
        try throttle.countRegistration(from: address, at: now)
        return try Self.newUser(candidate, hasher: hasher, id: UserID(Identifier.uuid(at: now, random: random)))
    }

    /// The account to make. Takes as long as a hash takes.
    package static func newUser(_ candidate: Candidate, hasher: PasswordHasher, id: UserID) throws(AccountError) -> NewUser {
        NewUser(
            id: id, username: candidate.username.text, email: candidate.email?.text,
            passwordHash: try hasher.hash(candidate.password))
    }

    /// Makes the account and its first session in one transaction. `completion` is called on the store's thread with what is
    /// left to do: the signatures.
    package func complete(
        _ user: NewUser, scope: String, audience: String?, form: AccessForm = .plain, from client: ClientDescription,
        audit: AuditContext, at now: UnixTime,
        completion: @escaping @Sendable (@escaping @Sendable () throws(LoginFailure) -> SessionTokens) -> Void
    ) {
        let prepared = sessions.prepare(for: user.id, scope: scope, from: client, at: now)
        store.write { transaction throws(StoreError) -> Outcome in
            switch try transaction.createUser(user, audit: audit, at: now) {
            case .created(let user):
                return .made(
                    try transaction.beginSession(
                        prepared.new, ifUserVersion: user.version, maximumPerUser: TokenPolicy.maximumSessions, audit: audit, at: now))
            case .usernameTaken: return .usernameTaken
            case .emailTaken: return .emailTaken
            case .notFirstAdministrator: return .usernameTaken
            }
        } completion: { [sessions] result in
            completion { () throws(LoginFailure) in
                switch result {
                case .failure(let error): throw .account(.store(error))
                case .success(.usernameTaken): throw .account(.usernameTaken)
                case .success(.emailTaken): throw .account(.emailTaken)
                case .success(.made(.accountChanged)): throw .account(.invalidCredentials)
                case .success(.made(.staleKeys)): throw .account(.store(.staleKeys))
                case .success(.made(.begun(let session, let user))):
                    return try LoginFailure.catching { () throws(TokenFailure) in
                        try sessions.tokens(of: session, user, begun: prepared, audience: audience, form: form, at: now)
                    }
                }
            }
        }
    }

    private enum Outcome: Sendable {
        case made(BeginSessionOutcome)
        case usernameTaken, emailTaken
    }
}

/// Why no tokens came of a login or a registration.
package enum LoginFailure: Error, Sendable, Hashable {
    case account(AccountError)
    case token(TokenFailure)

    static func catching<Value>(_ body: () throws(TokenFailure) -> Value) throws(LoginFailure) -> Value {
        do throws(TokenFailure) { return try body() } catch { throw .token(error) }
    }
}
