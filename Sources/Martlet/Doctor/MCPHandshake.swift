// MCPHandshake: what an MCP client does that knows nothing but the address of a resource, in its order (MCP specification, Authorization).
// This file is the list; a step is a function in a file of its own kind. A client stops at the first thing that is wrong, and so does
// this: the step that failed is the last one told, but for what has to be cleared away.
//
//     challenge ──▶ resource metadata ──▶ server metadata ──▶ PKCE ──▶ registration ──▶ authorization ──▶ token, call, foreign token

import MartletCryptography
import MartletEncoding
import MartletVerifier

/// One replay against one resource.
final class MCPHandshake {
    /// The steps, as they are named.
    enum Step: String, CaseIterable {
        case challenge
        case resourceMetadata = "resource metadata"
        case serverMetadata = "server metadata"
        case pkce = "PKCE"
        case registration, authorization, token, call
        case foreignToken = "foreign token"
        case removal
    }

    /// What is known beforehand.
    struct Options {
        /// As it was typed: it is what `resource` must be.
        var resource: String
        /// A client that is registered already, and its redirect URI.
        var clientID: String?
        var redirectURI = "http://127.0.0.1:53682/callback"
        /// Whether a throw-away client is registered.
        var registers = false
        /// An access token to call with.
        var token: String?
        /// A client that gets one for itself.
        var credentials: (id: String, secret: String)?
        /// A good token of another resource.
        var otherToken: String?
    }

    /// A step came to its end, and with it the handshake.
    struct Stop: Error {}

    let options: Options
    let network: DoctorNetwork
    let random: RandomSource
    private let beginning: (Step) -> Void
    private let telling: (Finding) -> Void
    private(set) var findings: [Finding] = []
    private var step = Step.challenge
    /// The client that was registered and is to be removed.
    var throwAway: (address: SecureURL, token: String)?

    /// `beginning` hears of every step, `telling` of what it came to.
    init(
        _ options: Options, network: DoctorNetwork, random: RandomSource = .secure, beginning: @escaping (Step) -> Void = { _ in },
        telling: @escaping (Finding) -> Void = { _ in }
    ) {
        self.options = options
        self.network = network
        self.random = random
        self.beginning = beginning
        self.telling = telling
    }

    /// All steps, up to the one that fails.
    func run() -> [Finding] {
        do { try replay() } catch {}
        removeThrowAway()
        return findings
    }

    private func replay() throws(Stop) {
        let resource = try address()
        let pointer = try challenge(resource)
        let metadata = try resourceMetadata(of: resource, at: pointer)
        let server = try serverMetadata(of: metadata.issuer)
        try checkPKCE(server)
        let client = try registration(at: server)
        try authorization(at: server, client)
        let token = try token(at: server)
        try call(resource, token, at: server)
    }

    private func address() throws(Stop) -> SecureURL {
        begin(.challenge)
        guard let url = SecureURL(options.resource) else {
            throw fail(
                "\(options.resource) is no address that a token may be sent to",
                "Give an https URL (http only on this machine) without fragment.")
        }
        return url
    }

    // MARK: What steps share

    func begin(_ step: Step) {
        self.step = step
        beginning(step)
    }

    func ok(_ reason: String) { note(.ok(step.rawValue, reason)) }
    func warn(_ reason: String, _ advice: String) { note(.warn(step.rawValue, reason, advice)) }

    /// To be thrown.
    func fail(_ reason: String, _ advice: String) -> Stop {
        note(.failed(step.rawValue, reason, advice))
        return Stop()
    }

    /// One question; no answer is a failure of the step.
    func ask(_ question: DoctorNetwork.Question) throws(Stop) -> DoctorNetwork.Answer {
        do throws(FetchFailure) {
            return try network.ask(question)
        } catch {
            throw fail("\(question.url): \(error.told.reason)", error.told.advice)
        }
    }

    func get(_ url: SecureURL, accept: String = "application/json") throws(Stop) -> DoctorNetwork.Answer {
        try ask(DoctorNetwork.Question(url: url, fields: [("accept", accept)]))
    }

    private func note(_ finding: Finding) {
        findings.append(finding)
        telling(finding)
    }
}
