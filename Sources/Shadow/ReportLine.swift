// ReportLine: a difference as one line of JSON, for whoever collects them.

package import MartletEncoding

/// Where and when a difference was found.
package struct ReportLine: Sendable {
    /// When.
    package var time: UnixTime
    /// The id under which Martlet was asked; it stands in its log.
    package var id: String
    /// The request's method.
    package var method: String
    /// The endpoint, never the path itself.
    package var endpoint: String
    /// What was found.
    package var difference: Difference

    /// A line from its parts.
    package init(time: UnixTime, id: String, method: String, endpoint: String, difference: Difference) {
        self.time = time
        self.id = id
        self.method = method
        self.endpoint = endpoint
        self.difference = difference
    }

    /// `{"time","request_id","method","path","kind","place","old","new","expected"}` and a line end; `expected` is the reason or null.
    package var json: [UInt8] {
        JSONWriter.object { writer in
            writer.member("time", time)
            writer.member("request_id", id)
            writer.member("method", method)
            writer.member("path", endpoint)
            writer.member("kind", difference.kind.rawValue)
            writer.member("place", difference.place)
            writer.member("old", difference.old)
            writer.member("new", difference.new)
            writer.member("expected", difference.reason)
        } + [0x0A]
    }
}
