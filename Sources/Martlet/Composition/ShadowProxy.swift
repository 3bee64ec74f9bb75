// ShadowProxy: what becomes of one request: the old service's answer goes to the frontend at once, and a question to Martlet waits in a
// queue. Whatever happens to that question, the frontend does not notice.

import HTTP
import MartletThreads
import MartletVerifier
import Shadow
import Synchronization

final class ShadowProxy: Sendable {
    private struct Question: Sendable {
        var endpoint: Endpoint
        var method: String
        var request: RelayedRequest
        var answer: RelayedAnswer
        var peer: String?
    }

    private let configuration: ShadowConfiguration
    private let old: Upstream
    private let new: Upstream
    private let tally: Tally
    private let tokens = TokenMap()
    private let queue: SessionQueue<Question>

    init(_ configuration: ShadowConfiguration, old: Upstream, new: Upstream, tally: Tally, report: ReportFile) {
        self.configuration = configuration
        self.old = old
        self.new = new
        self.tally = tally
        var random = SystemRandomNumberGenerator()
        let ids = Mutex(RequestID.Source(using: &random))
        queue = SessionQueue(threads: Self.askers, bound: Self.mostWaiting, byteBound: Self.mostBytes) { [tokens] question in
            let id = "\(ids.withLock { $0.next() })"
            let host = configuration.new.authority
            guard case .request(let request, let used) = tokens.translate(question.request) else { return tally.note(.notMapped) }
            let answer: RelayedAnswer
            do throws(FetchFailure) {
                answer = try new.answer(to: request.asked(ofHost: host, from: question.peer, id: id))
            } catch {
                return tally.note(Self.skip(for: error))
            }
            tokens.learn(old: question.answer, new: answer, used: used)
            guard answer.isReadable else { return tally.note(.unreadable) }
            let found = Comparison(question.endpoint, question.request).differences(old: question.answer, new: answer)
            for difference in tally.note(found, method: question.method, endpoint: question.endpoint.name) {
                report.write(
                    ReportLine(
                        time: SystemClock.now(), id: id, method: question.method, endpoint: question.endpoint.name, difference: difference
                    ).json)
            }
        }
    }

    /// The one route.
    var route: Route {
        Route(.get, "/", lane: .outbound, bodyLimit: configuration.limits.body) { [self] in answer($0) }
    }

    /// How many questions wait.
    var waiting: Int { queue.count }

    /// Gives up the requests that the old service has not answered.
    func stopAnswering() { old.stop() }

    /// Asks what waits, for a few seconds at most, and ends.
    func end() {
        tally.note(.stopped, count: queue.end(within: Self.endTime) { new.stop() })
    }

    private func answer(_ request: Request) -> Outcome {
        let asked = RelayedRequest(request)
        let peer = request.client == .local ? nil : "\(request.client)"
        let endpoint = configuration.endpoints.endpoint(of: asked.path)
        let isCompared = endpoint.map { configuration.level.asks(asked.method, $0.act) } ?? false
        let answer: RelayedAnswer
        do throws(FetchFailure) {
            answer = try old.answer(to: asked.passedOn(from: peer, plain: isCompared))
        } catch {
            tally.note(answered: false)
            return .refuse(Self.refusal(error))
        }
        tally.note(answered: true)
        if let endpoint {
            if isCompared { ask(asked, endpoint, request.method.name, answer, peer) } else { tally.note(.notAsked) }
        } else {
            tally.note(.elsewhere)
        }
        return .respond(Response(relaying: answer))
    }

    private func ask(_ request: RelayedRequest, _ endpoint: Endpoint, _ method: String, _ answer: RelayedAnswer, _ peer: String?) {
        guard answer.isReadable, request.body?.count ?? 0 <= Self.mostComparedBody else { return tally.note(.unreadable) }
        // Before the frontend has the tokens: its next request may already bring them.
        let session = tokens.note(request, answer)
        let question = Question(endpoint: endpoint, method: method, request: request, answer: answer, peer: peer)
        let bytes = answer.body.count + (request.body?.count ?? 0) + Self.overhead
        if !queue.submit(question, bytes: bytes, session: session) { tally.note(.queueFull) }
    }

    private static func skip(for failure: FetchFailure) -> Tally.Skip {
        switch failure {
        case .timedOut: .slow
        case .tooLarge: .unreadable
        case .cancelled: .stopped
        case .unreachable, .untrusted: .unreachable
        }
    }

    private static func refusal(_ failure: FetchFailure) -> Refusal {
        if failure == .timedOut {
            return Refusal(
                .gatewayTimeout, code: "gateway_timeout", detail: "The service behind this proxy did not answer in time.",
                logDetail: "the old service: \(failure.words)")
        }
        return Refusal(
            .badGateway, code: "bad_gateway", detail: "The service behind this proxy did not answer.",
            logDetail: "the old service: \(failure.words)")
    }

    /// Threads that ask Martlet.
    private static let askers = 8
    private static let mostWaiting = 1000
    private static let mostBytes = 64 << 20
    private static let mostComparedBody = 64 << 10
    /// What a question takes beside its bodies, about.
    private static let overhead = 4096
    private static let endTime = 5000
}

extension RelayedRequest {
    fileprivate init(_ request: Request) {
        var fields = request.fields.map { RelayedField($0.name, $0.value) }
        // RFC 9112 §3.2.2: the authority of an absolute target counts, whatever Host says.
        if let host = request.host {
            for index in fields.indices where fields[index].name == "host" { fields[index].value = Array(host.utf8) }
        }
        let method = request.methodName
        // RFC 9110 §8.6: these say that they have no content.
        let saysLength = ["POST", "PUT", "PATCH"].contains(method)
        self.init(method: method, target: request.target, fields: fields, body: request.body.isEmpty && !saysLength ? nil : request.body)
    }
}

extension Response {
    fileprivate init(relaying answer: RelayedAnswer) {
        var headers = Headers()
        for field in answer.passedOn.fields { headers.append(relayed: field.name, field.value) }
        self.init(Status(answer.status), headers: headers, body: answer.body.isEmpty ? .none : .bytes(answer.body))
        relayed = Relayed(toldLength: answer.fields.texts("content-length").first.flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil })
    }
}
