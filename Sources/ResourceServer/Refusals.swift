// The refusals that every API of the house has.

package import HTTP

extension Refusal {
    /// 403 `forbidden`.
    package static func forbidden(_ detail: String) -> Refusal {
        Refusal(.forbidden, code: "forbidden", detail: detail)
    }

    /// 404 `not_found`.
    package static func notFound(_ detail: String) -> Refusal {
        Refusal(.notFound, code: "not_found", detail: detail)
    }

    /// 409 `conflict`.
    package static func conflict(_ detail: String) -> Refusal {
        Refusal(.conflict, code: "conflict", detail: detail)
    }

    /// 401 with one of the contract's codes.
    package static func unauthorized(_ code: String, _ detail: String, logDetail: String? = nil) -> Refusal {
        Refusal(.unauthorized, code: code, detail: detail, logDetail: logDetail)
    }
}
