// DoctorNetwork: one question to a server and its answer, or why there is none. The checks see this type alone, so that tests can play any
// server, however broken.

import MartletVerifier
import MartletVerifierCurl

/// Asks servers; each question has its own time. No redirect is followed: where one leads is for a check to judge.
struct DoctorNetwork: Sendable {
    struct Question: Sendable {
        var method = "GET"
        var url: SecureURL
        /// Names in lower case.
        var fields: [(name: String, value: String)] = []
        var body: String?

        /// The value of the first field of this name.
        func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
    }

    struct Answer: Sendable {
        var status: Int
        var fields: [(name: String, value: String)] = []
        var body: [UInt8] = []
        /// When the peer's certificate ends, as libcurl says it.
        var certificateEnd: String?

        func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
        func fields(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }
    }

    let ask: @Sendable (Question) throws(FetchFailure) -> Answer

    /// A network that another one plays.
    init(ask: @escaping @Sendable (Question) throws(FetchFailure) -> Answer) { self.ask = ask }

    /// The network, with `seconds` for each question. `caFile` has authorities to trust in the place of the system's.
    init(seconds: Int64, caFile: String?) {
        let curl = CurlClient(caFile: caFile, keeping: 2)
        self.init { question throws(FetchFailure) in
            var exchange = CurlExchange(
                origin: question.url.origin, target: question.url.target, maximumBody: 1 << 20,
                connectTimeout: min(seconds, 5) * 1000, timeout: seconds * 1000)
            exchange.method = question.method
            exchange.fields = ([("user-agent", "Martlet-doctor")] + question.fields).map { (name: $0.0, value: Array($0.1.utf8)) }
            exchange.body = question.body.map { Array($0.utf8) }
            exchange.usesProxy = question.url.isEncrypted
            exchange.isOnNewConnection = true
            exchange.asksForCertificate = question.url.isEncrypted
            let reply = try curl.send(exchange)
            return Answer(
                status: reply.status, fields: reply.fields.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }, body: reply.body,
                certificateEnd: reply.certificateEnd)
        }
    }

    /// A GET.
    func get(_ url: SecureURL, accept: String = "application/json") throws(FetchFailure) -> Answer {
        try ask(Question(url: url, fields: [("accept", accept)]))
    }
}

extension FetchFailure {
    /// For people: what happened, and what to look at.
    var told: (reason: String, advice: String) {
        switch self {
        case .unreachable(let detail):
            ("it cannot be reached (\(detail))", "Check that it runs, its name in DNS, and the firewall between.")
        case .timedOut: ("there was no answer in time", "Check the proxy before it and how busy it is; --timeout gives it more.")
        case .tooLarge: ("the answer is too large", "Check what answers there: it is no document of this kind.")
        case .untrusted(let detail):
            (
                "its certificate is not trusted (\(detail))",
                "Serve a certificate for this very name, with its chain, from an authority that clients have."
            )
        case .cancelled: ("it was cancelled", "Run it again.")
        }
    }
}
