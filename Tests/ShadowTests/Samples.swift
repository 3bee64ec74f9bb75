// Requests, answers and tokens for the tests of this layer.

import MartletEncoding
import Shadow
import Testing

/// A token that nobody signed.
func token(_ claims: String, header: String = #"{"alg":"HS256","typ":"JWT"}"#) -> String {
    [header, claims, "signature"].map { Base64URL.encode(Array($0.utf8)) }.joined(separator: ".")
}

func json(_ status: Int, _ body: String, _ fields: [RelayedField] = []) -> RelayedAnswer {
    RelayedAnswer(status: status, fields: [RelayedField("content-type", "application/json")] + fields, body: Array(body.utf8))
}

func post(_ target: String, _ body: String, type: String = "application/json", _ fields: [RelayedField] = []) -> RelayedRequest {
    RelayedRequest(method: "POST", target: target, fields: [RelayedField("content-type", type)] + fields, body: Array(body.utf8))
}

extension Comparison {
    /// A comparison of answers to this request, at the endpoint of its path.
    init(_ request: RelayedRequest) throws {
        self.init(try #require(EndpointTable(andBelow: ["/x/", "/reset/"]).endpoint(of: request.path)), request)
    }
}
