// IfMatch: the version of a record that a request means, which its entity tag stands for (RFC 9110 §13.1.1).

import HTTP
import MartletEncoding
import ResourceServer

extension Request {
    /// The version that `If-Match` names; nil without the field or for `*`. Throws 412 for what is no version of ours.
    func version(of record: String) throws(Refusal) -> Int64? {
        guard let text = header(.ifMatch), text != "*" else { return nil }
        let digits = Array(text.utf8)
        guard digits.count >= 3, digits.first == UInt8(ascii: "\""), digits.last == UInt8(ascii: "\""),
            let version = Int64(digits: digits.dropFirst().dropLast())
        else { throw .otherVersion(of: record) }
        return version
    }
}

extension Refusal {
    /// 412: `If-Match` names another version than there is.
    static func otherVersion(of record: String) -> Refusal {
        Refusal(.preconditionFailed, code: "conflict", detail: "The \(record) is not as If-Match says; read it again.")
    }
}
