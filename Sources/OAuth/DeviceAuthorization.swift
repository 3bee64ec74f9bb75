// DeviceAuthorization: a device without a keyboard asks for codes (RFC 8628 §3.1): a long one that it polls with, and a short one that
// its owner types elsewhere. Here are the request, the codes, and what the owner's answer is about; the pages are Web's, the polling is
// DeviceCodeGrant's, and how often a user code may be wrong is LoginThrottle's.

package import Accounts
package import MartletCryptography
package import MartletEncoding
package import Store

/// The code that a person types: eight of twenty letters, without vowels so that no word comes of it (RFC 8628 §6.1). 34.5 bits.
package struct UserCode: Sendable, Hashable, CustomStringConvertible {
    private let letters: String

    /// A new one, every code as likely as any other.
    package init(random: RandomSource) {
        var letters: [UInt8] = []
        while letters.count < Self.length {
            // Twelve times the alphabet; the rest of a byte's values would make some letters likelier.
            letters += random.bytes(16).filter { $0 < 240 }.map { Self.alphabet[Int($0) % Self.alphabet.count] }
        }
        self.letters = String(decoding: letters.prefix(Self.length), as: UTF8.self)
    }

    /// Reads what somebody typed: case does not count, nor do spaces and dashes (§6.1). Nil for what no code is.
    package init?(parsing text: String) {
        guard text.utf8.count <= 64 else { return nil }
        let typed = text.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "-") }
            .map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) ? $0 & 0xDF : $0 }
        guard typed.count == Self.length, typed.allSatisfy(Self.alphabet.contains) else { return nil }
        letters = String(decoding: typed, as: UTF8.self)
    }

    /// As it is shown: `XXXX-XXXX`.
    package var description: String { "\(letters.prefix(4))-\(letters.suffix(4))" }

    /// SHA-256, which is stored and looked for.
    package var hash: [UInt8] { Digest.sha256.hash(Array("user code\0\(letters)".utf8)) }

    private static let length = 8
    private static let alphabet = Array("BCDFGHJKLMNPQRSTVWXZ".utf8)
}

/// What a device gets (RFC 8628 §3.2).
package struct DeviceAuthorization: Sendable, Hashable {
    package let deviceCode: String
    package let userCode: UserCode
    /// Seconds that both codes live.
    package static let lifetime: Int64 = 600
    /// Seconds between polls at first.
    package static let interval: Int64 = 5
    /// Where the code is typed, below the issuer.
    package static let path = "/oauth2/device"
}

/// A device's request that is in order and not kept yet.
package struct PendingDeviceAuthorization: Sendable {
    fileprivate let client: Client
    /// The key that tokens will be for, where the device proved one (RFC 9449).
    fileprivate let proofKey: String?
    fileprivate let scope: ScopeSet
    fileprivate let resources: [String]
    fileprivate let deviceCode: String
    /// Several, since one may be in use.
    fileprivate let userCodes: [UserCode]
    fileprivate let now: UnixTime

    /// Keeps the request; nil where every code that was made for it is in use.
    package func keep(in transaction: any StoreTransaction) throws(StoreError) -> DeviceAuthorization? {
        for userCode in userCodes {
            let request = DeviceRequest(
                deviceCodeHash: CodeText.hash(deviceCode), userCodeHash: userCode.hash, clientID: client.id, proofKey: proofKey,
                scope: scope.text, resources: resources, interval: DeviceAuthorization.interval,
                expiresAt: now.adding(seconds: DeviceAuthorization.lifetime))
            if try transaction.addDeviceRequest(request, at: now) {
                return DeviceAuthorization(deviceCode: deviceCode, userCode: userCode)
            }
        }
        return nil
    }
}

/// A device that waits, for its owner to look at.
package struct WaitingDevice: Sendable {
    package let client: Client
    package let userCode: UserCode
    package let scope: ScopeSet
    /// The APIs that its tokens may be for; empty for the default.
    package let resources: [String]
}

extension AuthorizationServer {
    /// Reads the request of a device of `client`. Reads no store.
    ///
    /// Throws `unauthorized_client`, `invalid_scope`, `invalid_target` and `temporarily_unavailable`.
    package func authorizeDevice(
        _ parameters: OAuthParameters, of client: Client, proofKey: String?, from address: LoginAddress, at now: UnixTime
    ) throws(OAuthError) -> PendingDeviceAuthorization {
        try client.require(.deviceCode)
        let scope = try scopes.granted(try ScopeSet(parsing: try parameters["scope"] ?? ""), to: client)
        let resources = try resources.granted(parameters.all("resource"), to: client)
        do throws(AccountError) { try throttle.countDeviceRequest(from: address, at: now) } catch { throw OAuthError(error) }
        return PendingDeviceAuthorization(
            client: client, proofKey: proofKey, scope: scope, resources: resources, deviceCode: CodeText.make(random),
            userCodes: (0..<4).map { _ in UserCode(random: random) }, now: now)
    }

    /// The device that waits with a code which `person` typed at `address`; nil where none does. Blocks.
    ///
    /// Throws `.rateLimited` for too many that were wrong (RFC 8628 §5.1), and the store's troubles.
    package func device(
        waitingWith code: UserCode, for person: UserID, from address: LoginAddress, at now: UnixTime
    ) throws(AccountError) -> WaitingDevice? {
        // Taken out before the look, so that tries at one moment cannot pass together.
        let attempt = throttle.attempt(userCodeOf: person.text, from: address)
        try throttle.take(attempt, at: now)
        let found: DeviceRequest?
        do throws(StoreError) {
            found = try store.read { reads throws(StoreError) in try reads.deviceRequest(userCodeHash: code.hash, at: now) }
        } catch { throw .store(error) }
        guard let found else { return nil }
        throttle.forgive(attempt)
        // A client that is gone, or may not do this any more, has no device that waits.
        guard found.state == .pending, let client = try? clients.load(found.clientID, at: now), client.metadata.grants.contains(.deviceCode)
        else { return nil }
        return WaitingDevice(client: client, userCode: code, scope: ScopeSet(stored: found.scope), resources: found.resources)
    }
}

extension WaitingDevice {
    /// What its owner's yes gives it. Of the sign-in it keeps what was proved then, and not the sign-in itself: who signs out of the
    /// browser that the code was typed in does not mean the television.
    package func approval(by person: SignedIn) -> DeviceDecision {
        let details = GrantDetails(
            resources: resources, authenticatedAt: person.session.authenticatedAt, methods: person.session.methods,
            context: AuthenticationContext.password.rawValue, hasRefreshToken: client.metadata.grants.contains(.refreshToken))
        return .approve(person.user.id, scope: scope.text, details: details.json, browserSession: nil)
    }
}
