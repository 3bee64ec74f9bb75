// AccessLog: one line for an answered request: the route's pattern and never the path or the query, which may carry what
// is nobody's business. What a refusal keeps from the client stands here, under the same request id.

import HTTP
import HTTPServer
import Logging

enum AccessLog {
    static func write(_ summary: RequestSummary, to logger: Logger) {
        var metadata: Logger.Metadata = [
            "method": "\(summary.method.name)", "route": "\(summary.pattern ?? "-")", "status": "\(summary.status.code)",
            "us": "\(summary.duration)", "request_id": "\(summary.id.description)", "client": "\(summary.client)",
        ]
        if let detail = summary.logDetail { metadata["detail"] = "\(detail)" }
        logger.debug("request", metadata: metadata)
    }
}
