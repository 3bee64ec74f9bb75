// ScriptedHost: a host elsewhere that answers as it is told, and counts.

import MartletVerifier
import Synchronization

/// A host that answers as it is told, at first with a document in order.
final class ScriptedHost: Fetcher {
    typealias Answer = @Sendable (_ url: String) throws(FetchFailure) -> FetchResponse

    private let state = Mutex<(answer: Answer, requests: [FetchRequest])>(
        ({ url throws(FetchFailure) in FetchResponse(status: 200, body: ClientDocumentTests.document(id: url)) }, []))

    var requests: [FetchRequest] { state.withLock { $0.requests } }

    func answer(_ answer: @escaping Answer) { state.withLock { $0.answer = answer } }

    func fail(_ failure: FetchFailure) {
        answer { _ throws(FetchFailure) in throw failure }
    }

    func get(_ request: FetchRequest) throws(FetchFailure) -> FetchResponse {
        let answer = state.withLock { state in
            state.requests.append(request)
            return state.answer
        }
        return try answer(request.url.description)
    }
}
