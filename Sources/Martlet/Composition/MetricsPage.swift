// MetricsPage: Prometheus text (exposition format 0.0.4), made from counts that others keep anyway. On its own
// listener: what it tells is the operator's.

import HTTP
import HTTPServer
import MartletEncoding
import MartletThreads
import MartletVerifier
import Store
import Tokens

struct MetricsPage: Sendable {
    let issuer: Issuer
    let server: Server
    let lanes: Lanes
    let events: EventFollower
    let feed: FeedPublisher
    let logout: LogoutDelivery
    let startedAt: UnixTime

    var route: Route {
        Route(.get, "/metrics", lane: .worker) { _ in
            .respond(page(at: SystemClock.now()).response)
        }
    }

    private func page(at now: UnixTime) -> PrometheusText {
        var page = PrometheusText()
        page.write(server.counters)
        page.write(lanes)
        page.single("martlet_revocations_live", "gauge", "Revocations that may still decide about a token.", events.revocations.count)
        let gauge = feed.gauge
        page.single("martlet_feed_sequence", "gauge", "Number of the last event in the revocation feed.", Int(gauge.sequence))
        page.single("martlet_feed_waiting", "gauge", "Requests held until the revocation feed has news.", gauge.waiting)
        page.single("martlet_feed_signed_total", "counter", "Documents of the revocation feed that were signed.", gauge.signed)
        let told = logout.counts
        page.single("martlet_logout_notices_sent_total", "counter", "Clients told of a sign-out (back-channel logout).", told.sent)
        page.single("martlet_logout_notices_failed_total", "counter", "Clients that could not be told of a sign-out.", told.failed)
        let counts = try? issuer.installation.store.read { reads throws(StoreError) in
            (rows: try reads.counts(at: now), schemes: try reads.passwordSchemes(at: now), notices: try reads.logoutNoticeCount())
        }
        page.single("martlet_store_up", "gauge", "Whether the database can be read.", counts == nil ? 0 : 1)
        if let counts {
            page.single("martlet_users", "gauge", "Accounts; may be some minutes old.", Int(counts.rows.users))
            page.single("martlet_sessions", "gauge", "Live sessions; may be some minutes old.", Int(counts.rows.sessions))
            page.single("martlet_logout_notices_waiting", "gauge", "Clients still to be told of a sign-out.", Int(counts.notices))
            page.metric("martlet_password_hashes", "gauge", "Accounts by the scheme of their password; may be some minutes old.")
            for count in counts.schemes { page.sample("martlet_password_hashes", ["scheme": count.name], Int(count.accounts)) }
        }
        page.metric("martlet_keys", "gauge", "Keys of the ring by purpose and state.")
        var keys: [String: Int] = [:]
        for record in issuer.ring.snapshot.records { keys["\(record.purpose.rawValue) \(record.state.rawValue)", default: 0] += 1 }
        for (name, count) in keys.sorted(by: { $0.key < $1.key }) {
            let words = name.split(separator: " ")
            page.sample("martlet_keys", ["purpose": String(words[0]), "state": String(words[1])], count)
        }
        page.single("martlet_start_time_seconds", "gauge", "When the process started.", Int(startedAt.seconds))
        return page
    }
}
