// RequestSummary: one line of an access log. Never the query, never a header: either may hold what is secret.

package import HTTP

/// What is told about an answered request.
package struct RequestSummary: Sendable {
    /// The method.
    package var method: Method
    /// The route's pattern, not the path; nil when no route took the request.
    package var pattern: String?
    /// The answer's status.
    package var status: Status
    /// From the complete request to its answer, in microseconds.
    package var duration: Int64
    /// The request's id.
    package var id: RequestID
    /// Who asked.
    package var client: ClientAddress
    /// What a refusal says to the log only.
    package var logDetail: String?
}
