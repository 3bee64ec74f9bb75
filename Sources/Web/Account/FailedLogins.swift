// FailedLogins: when the answer to a failed login leaves. Hashes of other systems cost another time to check than this service's
// own, so while any is left the answer waits for a boundary that depends on nothing of the account: docs/decisions/0019.
//
//     request                  hashing begins        wrong                boundary
//        |―――― queue ―――――――――――――|―――― one check ――――|―――― held ―――――――――――|―▶ answer
//                                 |――――――― allowance ―――――――|

import Accounts
import HTTP
import MartletEncoding

extension Services {
    /// The answer to a login that failed: at once, or for wrong credentials while legacy passwords are left, at the boundary.
    /// `checkedFrom` is when the password's check began, or would have.
    func failed(_ error: AccountError, checkedFrom: UnixTime, for request: Request) -> Outcome {
        let refusal = Refusal(error)
        return failed(error, checkedFrom: checkedFrom, for: request) { .refuse(refusal) }
    }

    /// The same with another answer than the refusal.
    func failed(
        _ error: AccountError, checkedFrom: UnixTime, for request: Request, answer: @escaping @Sendable () -> Outcome
    ) -> Outcome {
        guard error == .invalidCredentials, legacyPasswords.areLeft else { return answer() }
        let wait = FailureBoundary.wait(receivedAt: request.receivedAt, checkedFrom: checkedFrom, now: clock())
        return .delay(milliseconds: wait, work: answer)
    }
}

/// Multiples of a fixed time after a request's arrival.
enum FailureBoundary {
    /// Milliseconds.
    static let interval: Int64 = 1000
    /// Milliseconds that one check and the commit of its failure may take without the boundary being missed: twice what
    /// Django's dearest default costs on one core.
    static let allowance: Int64 = 900

    /// Milliseconds until the first boundary that lies the allowance after the check began; for a check that took longer, the
    /// first from now on. At most an interval and an allowance, whatever the clock does.
    static func wait(receivedAt: UnixTime, checkedFrom: UnixTime, now: UnixTime) -> Int64 {
        let checked = max(checkedFrom.milliseconds, receivedAt.milliseconds)
        let now = max(now.milliseconds, checked)
        let earliest = max(checked + allowance, now) - receivedAt.milliseconds
        let boundary = (earliest + interval - 1) / interval * interval
        return receivedAt.milliseconds + boundary - now
    }
}
