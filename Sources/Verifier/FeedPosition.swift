// FeedPosition: how far a feed has been followed, and what a believed document means from there. A value: asks nobody, waits for
// nothing. What it refuses is old; what does not fit leads back to the snapshot, which is no alarm.
import MartletEncoding

struct FeedPosition: Sendable, Hashable {
    /// What a document means.
    enum Step: Sendable, Hashable {
        /// Its entries count, and it leads here.
        case apply(FeedPosition)
        /// It begins after what is known here, or belongs to another lineage.
        case takeSnapshot
    }

    let lineage: String
    let sequence: Int64
    /// Of which time the news is, in seconds: the latest `iat`, as far as it had come when it was heard.
    let issuedAt: Int64

    /// From nowhere, only a snapshot leads on.
    static func step(_ document: RevocationDocument, from position: FeedPosition?, at now: UnixTime) throws(RevocationFeedRefusal) -> Step {
        guard let position else { return document.after == nil ? .apply(FeedPosition(document, at: now)) : .takeSnapshot }
        // A time that has not come was believed when the clock here was wrong; it must not keep the feed out until it comes.
        let known = min(position.issuedAt, now.seconds)
        guard position.lineage.utf8.elementsEqual(document.lineage.utf8) else {
            guard document.issuedAt >= known - Self.unsteadiness else { throw .replayed }
            return document.after == nil ? .apply(FeedPosition(document, at: now)) : .takeSnapshot
        }
        if document.sequence < position.sequence {
            // Who signed later and knows less was put back to an earlier state that has the same name: what is known here stays,
            // and what is new there is counted from there.
            guard document.issuedAt > position.issuedAt else { throw .replayed }
            return document.after == nil ? .apply(FeedPosition(document, at: now)) : .takeSnapshot
        }
        if let after = document.after, after > position.sequence { return .takeSnapshot }
        let next = FeedPosition(document, at: now)
        // A higher number cannot have been heard before, whatever an issuer's clock says.
        guard document.sequence == position.sequence else { return .apply(next) }
        guard document.issuedAt >= known - RevocationDocument.leeway else { throw .replayed }
        return .apply(FeedPosition(lineage: next.lineage, sequence: next.sequence, issuedAt: max(next.issuedAt, known)))
    }

    /// Seconds by which two documents that were signed at about the same time may be out of order.
    private static let unsteadiness: Int64 = 5
}

extension FeedPosition {
    fileprivate init(_ document: RevocationDocument, at now: UnixTime) {
        self.init(lineage: document.lineage, sequence: document.sequence, issuedAt: min(document.issuedAt, now.seconds))
    }
}
