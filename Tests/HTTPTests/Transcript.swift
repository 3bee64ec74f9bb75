// Transcript: what a connection makes of some bytes, as one line of text, so that tables can be read.
//
// `GET /a` a request, `=text` its body, `+close` when its answer is the last, `100` for 100 Continue, a number for a
// refusal, and `…` when the connection waits for more of something begun.

import HTTP
import MartletEncoding

/// Feeds a connection and writes down what happens. Bodies of up to 16 bytes are accepted.
func transcript(_ pieces: [ArraySlice<UInt8>], limits: Limits = Limits(), bodyLimit: Int = 16) -> String {
    var state = ConnectionState(limits: limits, at: 0)
    var words = [String]()
    var ids = SystemRandomNumberGenerator()
    var source = RequestID.Source(using: &ids)
    for piece in pieces {
        piece.withUnsafeBytes { state.received($0, at: 1) }
        loop: while true {
            switch state.next(at: 1) {
            case .wait: break loop
            case .route: state.routed(bodyLimit: bodyLimit, at: 1)
            case .sendContinue: words.append("100")
            case .request(let head, let body):
                let request = Request(
                    head: head, body: body, id: source.next(), client: .local, receivedAt: UnixTime(milliseconds: 0))
                let text = body.isEmpty ? "" : "=" + String(decoding: body, as: UTF8.self)
                words.append("\(request.method.name) \(request.path)\(text)\(state.closesAfterAnswer ? "+close" : "")")
                state.responseSent(at: 1)
            case .refuse(let refusal):
                words.append("\(refusal.status.code)")
                state.responseSent(at: 1)
            case .halfClose, .close: break
            }
        }
    }
    state.timePassed(at: 1 + limits.bodyTime)
    if case .refuse(let refusal) = state.next(at: 1), refusal.code == "request_timeout" { words.append("…") }
    return words.joined(separator: " ")
}

/// The head of a request, for tests of what is built on it; nil when it is refused.
func parsedHead(_ text: String) -> RequestHead? {
    var bytes = Array(text.utf8)
    var parser = RequestHeadParser(limits: Limits())
    return bytes.withUnsafeMutableBufferPointer { bytes in try? parser.parse(bytes)?.head }
}

/// A GET with this target and these header lines.
func makeRequest(_ target: String, _ fields: [String] = [], method: String = "GET", parameters: [Router.Parameter] = []) -> Request? {
    let lines = ["\(method) \(target) HTTP/1.1", "Host: a"] + fields
    guard let head = parsedHead(lines.map { $0 + "\r\n" }.joined() + "\r\n") else { return nil }
    var generator = SystemRandomNumberGenerator()
    var source = RequestID.Source(using: &generator)
    return Request(
        head: head, parameters: parameters, body: [], id: source.next(), client: .local, receivedAt: UnixTime(milliseconds: 0))
}
