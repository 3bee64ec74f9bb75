// SettingChecks: settings that are allowed and seldom meant. What cannot be is refused at the start already (Configuration).

import HTTP
import HTTPServer
import MartletJOSE
import OAuth
import PasswordHashing

struct SettingChecks {
    private let configuration: Configuration

    init(_ configuration: Configuration) { self.configuration = configuration }

    var findings: [Finding] {
        let found = [algorithm, rotation, accounts, clients, attempts, lifetime, proxies, metrics, hashing].compactMap { $0 }
        return found.isEmpty ? [.ok("settings", "none that is seldom meant")] : found
    }

    /// Whoever verifies by the shared secret can sign by it.
    private var algorithm: Finding? {
        guard configuration.signingAlgorithm.isSymmetric else { return nil }
        let advice = "Use ES256 (MARTLET_SIGNING_ALGORITHM): HS256 is for services of your own alone."
        return takesStrangers
            ? .failed("signing algorithm", "HS256, while clients of others are taken: whoever could verify could sign", advice)
            : .warn("signing algorithm", "HS256: every service that verifies tokens can also make them", advice)
    }

    private var takesStrangers: Bool {
        if case .closed = configuration.clientRegistration { return configuration.clientDocuments }
        return true
    }

    private var rotation: Finding? {
        guard configuration.keyRotationDays == 0, !configuration.signingAlgorithm.isSymmetric else { return nil }
        return .warn("key rotation", "keys are never rotated", "Set MARTLET_KEY_ROTATION_DAYS, or rotate with `martlet keys rotate`.")
    }

    private var accounts: Finding? {
        guard configuration.registrationIsOpen else { return nil }
        return .warn("registration", "anybody may make an account", "If that is not meant: MARTLET_REGISTRATION=closed.")
    }

    private var clients: Finding? {
        guard case .open = configuration.clientRegistration else { return nil }
        return .warn(
            "client registration", "any application may register itself",
            "If that is not meant: MARTLET_CLIENT_REGISTRATION=token or closed.")
    }

    private var attempts: Finding? {
        guard configuration.loginLimit == nil else { return nil }
        return .failed(
            "failed logins", "passwords may be tried without limit", "Leave MARTLET_LOGIN_ATTEMPTS at 10/60; off is for load tests.")
    }

    private var lifetime: Finding? {
        guard configuration.accessLifetime > 3600 else { return nil }
        return .warn(
            "access tokens",
            "they live \(configuration.accessLifetime) s, and who does not follow the feed goes on taking revoked ones as long",
            "Set MARTLET_ACCESS_TTL to an hour or less.")
    }

    /// https comes from a proxy: the program itself speaks http.
    private var proxies: Finding? {
        guard configuration.issuer?.hasPrefix("https:") == true, configuration.trustedProxies.isEmpty else { return nil }
        return .warn(
            "trusted proxies", "none, though the issuer is https and so behind a proxy: every client seems to have the proxy's address",
            "Set MARTLET_TRUSTED_PROXIES to the proxy's address, and let it set the forwarding header (docs/proxies.md).")
    }

    private var metrics: Finding? {
        guard case .tcp(let host, _)? = configuration.metricsListen, !Self.isLoopback(host) else { return nil }
        return .warn("metrics", "they are served on \(host)", "See that only your Prometheus reaches it, or listen on 127.0.0.1.")
    }

    private var hashing: Finding? {
        let usual = Argon2Parameters.standard
        guard configuration.argon2.memoryKiB < usual.memoryKiB || configuration.argon2.iterations < usual.iterations else { return nil }
        return .warn(
            "password hashes", "they cost less than by default",
            "Leave MARTLET_ARGON2_MEMORY_KIB and MARTLET_ARGON2_ITERATIONS; less is for tests.")
    }

    private static func isLoopback(_ host: String) -> Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}
