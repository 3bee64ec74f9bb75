// ShadowMetricsPage: what the proxy tells its operator: whether the old service answers, and how far Martlet is from it.

import HTTP
import HTTPServer
import Shadow

struct ShadowMetricsPage: Sendable {
    let tally: Tally
    let proxy: ShadowProxy
    let server: Server
    let lanes: Lanes

    var route: Route {
        Route(.get, "/metrics") { _ in .respond(page.response) }
    }

    private var page: PrometheusText {
        var page = PrometheusText()
        page.write(server.counters)
        page.write(lanes)
        let summary = tally.summary
        page.metric("martlet_shadow_requests_total", "counter", "Requests, by whether the old service answered.")
        page.sample("martlet_shadow_requests_total", ["answered": "yes"], summary.answered)
        page.sample("martlet_shadow_requests_total", ["answered": "no"], summary.unanswered)
        page.metric("martlet_shadow_compared_total", "counter", "Comparisons by their result.")
        page.sample("martlet_shadow_compared_total", ["result": "equal"], summary.equal)
        page.sample("martlet_shadow_compared_total", ["result": "expected"], summary.expected)
        page.sample("martlet_shadow_compared_total", ["result": "surprising"], summary.surprising)
        page.metric("martlet_shadow_skipped_total", "counter", "Requests that were answered and not compared, by reason.")
        for skip in Tally.Skip.allCases {
            page.sample("martlet_shadow_skipped_total", ["reason": skip.code], summary.skipped[skip] ?? 0)
        }
        page.single("martlet_shadow_waiting", "gauge", "Questions to Martlet that wait.", proxy.waiting)
        return page
    }
}
