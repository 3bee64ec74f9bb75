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
    /// The latest `iat` of the documents that led here, in seconds.
    let issuedAt: Int64

    /// From nowhere, only a snapshot leads on.
    static func step(_ document: RevocationDocument, from position: FeedPosition?, at now: UnixTime) throws(RevocationFeedRefusal) -> Step {
        let isSameLineage = position.map { $0.lineage.utf8.elementsEqual(document.lineage.utf8) } ?? false
        var issuedAt = document.issuedAt
        // A time that has not come was believed when the clock here was wrong; it must not keep the feed out until it comes.
        if let position, position.issuedAt <= now.seconds + RevocationDocument.leeway {
            guard document.issuedAt >= position.issuedAt - Self.unsteadiness else { throw .replayed }
            issuedAt = max(issuedAt, position.issuedAt)
        }
        if let position, isSameLineage, document.sequence < position.sequence { throw .replayed }
        if let after = document.after {
            guard let position, isSameLineage, after <= position.sequence else { return .takeSnapshot }
        }
        return .apply(FeedPosition(lineage: document.lineage, sequence: document.sequence, issuedAt: issuedAt))
    }

    /// Seconds by which an issuer's clock may be set back, or those of its machines differ, without an alarm. Within them `seq`
    /// tells the old from the new, and a document of another lineage takes nothing away.
    private static let unsteadiness: Int64 = 5
}
