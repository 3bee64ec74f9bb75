// Finding: what one check came to, and how people and programs are told. Nothing that opens anything may stand in a finding: whoever runs
// the doctor pastes what it says into an issue.

import MartletEncoding

/// What one check came to.
struct Finding: Sendable, Hashable {
    enum Outcome: String, Sendable {
        case ok, warn
        /// In capitals: it is what a reader looks for.
        case failed = "FAILED"
    }

    /// What was looked at, in a word or three.
    let check: String
    let outcome: Outcome
    /// What was found.
    let reason: String
    /// What to do about it; nil where that is nothing.
    let advice: String?

    static func ok(_ check: String, _ reason: String) -> Self { Finding(check: check, outcome: .ok, reason: reason, advice: nil) }

    static func warn(_ check: String, _ reason: String, _ advice: String) -> Self {
        Finding(check: check, outcome: .warn, reason: reason, advice: advice)
    }

    static func failed(_ check: String, _ reason: String, _ advice: String) -> Self {
        Finding(check: check, outcome: .failed, reason: reason, advice: advice)
    }

    /// `ok      TLS: …`, in one line whatever a peer's text was.
    var line: String {
        let outcome = outcome.rawValue + String(repeating: " ", count: 6 - outcome.rawValue.count)
        return Self.printable("\(outcome)  \(check): \(reason)" + (advice.map { " -> \($0)" } ?? ""))
    }

    func write(to writer: inout JSONWriter) {
        writer.member("check", check)
        writer.member("outcome", outcome.rawValue.lowercased())
        writer.member("reason", reason)
        if let advice { writer.member("advice", advice) }
    }

    /// Without what moves a terminal's cursor, begins a line or turns the direction of the text: a peer's answer must not write findings.
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator: " "
                    default: scalar
                    }
                }))
    }
}

extension [Finding] {
    /// Whether nothing failed.
    var isHealthy: Bool { allSatisfy { $0.outcome != .failed } }

    /// `{"ok", "failed"?, name: subject, "checks"}`; `failed` is the first check that did.
    func json(_ name: String, _ subject: String?) -> String {
        let bytes = JSONWriter.object { writer in
            writer.member("ok", isHealthy)
            if let failed = first(where: { $0.outcome == .failed }) { writer.member("failed", failed.check) }
            if let subject { writer.member(name, subject) }
            writer.name("checks")
            writer.array { writer in
                for finding in self { writer.object { finding.write(to: &$0) } }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
