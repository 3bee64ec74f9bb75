// APIMetricsPage: what a consuming process tells its operator: how fresh its keys are, and how fresh its news of revocations.

import HTTP
import HTTPServer
import MartletEncoding
import MartletThreads
import MartletVerifier

struct APIMetricsPage: Sendable {
    let issuer: RemoteVerifier
    let server: Server
    let lanes: Lanes

    var route: Route {
        Route(.get, "/metrics") { _ in .respond(page.response) }
    }

    private var page: PrometheusText {
        var page = PrometheusText()
        page.write(server.counters)
        page.write(lanes)
        let now = SystemClock.now()
        let keys = issuer.keys.state
        page.single("martlet_remote_keys", "gauge", "Keys of the issuer that are in use.", keys.keys)
        page.single("martlet_remote_keys_skipped", "gauge", "Keys of the issuer that cannot be used.", keys.skippedKeys)
        if let age = keys.age(at: now) {
            page.single("martlet_remote_keys_age_seconds", "gauge", "Since the issuer gave or confirmed its keys.", Int(age))
        }
        if let next = keys.nextFetch {
            page.single("martlet_remote_keys_next_fetch_time_seconds", "gauge", "When the keys are fetched next.", Int(next.seconds))
        }
        page.single("martlet_remote_keys_fetches_total", "counter", "Fetches of the issuer's keys.", keys.fetches)
        page.single("martlet_remote_keys_fetch_failures_total", "counter", "Those of them that failed.", keys.failures)
        page.single(
            "martlet_remote_keys_cooldown", "gauge", "Whether an unknown kid causes no fetch just now.", keys.cooldownUntil == nil ? 0 : 1)
        page.single("martlet_ready", "gauge", "Whether tokens can be judged.", issuer.isReady ? 1 : 0)
        guard let feed = issuer.revocations?.state else { return page }
        page.single("martlet_revocations_live", "gauge", "Revocations that may still decide about a token.", feed.liveEntries)
        if let staleness = feed.staleness {
            page.single("martlet_feed_staleness_seconds", "gauge", "Age of the last news of the revocation feed.", Int(staleness))
        }
        page.single("martlet_feed_documents_total", "counter", "Documents of the revocation feed that were applied.", feed.applied)
        page.single("martlet_feed_failures_total", "counter", "Exchanges with the revocation feed that failed.", feed.failures)
        page.metric("martlet_feed_refused_total", "counter", "Documents of the revocation feed that were not believed. An alarm.")
        for reason in RevocationFeedRefusal.allCases {
            page.sample("martlet_feed_refused_total", ["reason": reason.rawValue], feed.refused[reason] ?? 0)
        }
        return page
    }
}
