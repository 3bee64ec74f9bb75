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
    let startedAt: UnixTime

    var route: Route {
        Route(.get, "/metrics", lane: .worker) { _ in
            .respond(.text(.ok, text(at: SystemClock.now()), contentType: "text/plain; version=0.0.4; charset=utf-8"))
        }
    }

    private func text(at now: UnixTime) -> String {
        let counters = server.counters
        var page = Page()
        page.metric("martlet_responses_total", "counter", "Answers by the first digit of their status.")
        for (index, count) in counters.responsesByGroup.enumerated() {
            page.sample("martlet_responses_total", ["status": "\(index + 1)xx"], count)
        }
        page.single("martlet_requests_in_flight", "gauge", "Requests being answered.", counters.requestsInFlight)
        page.single("martlet_connections_open", "gauge", "Connections open.", counters.connectionsOpen)
        page.single("martlet_connections_accepted_total", "counter", "Connections taken.", counters.connectionsAccepted)
        page.single(
            "martlet_connections_refused_total", "counter", "Connections closed because there were too many.", counters.connectionsRefused)
        page.single("martlet_received_bytes_total", "counter", "Bytes read.", counters.bytesIn)
        page.single("martlet_sent_bytes_total", "counter", "Bytes written.", counters.bytesOut)
        page.single("martlet_write_stalls_total", "counter", "Connections dropped because the peer took nothing.", counters.writeStalls)
        page.single("martlet_request_timeouts_total", "counter", "Requests that were too slow to arrive.", counters.requestTimeouts)
        let gauges = [Lane.worker, .hashing, .outbound].compactMap { lane in lanes.gauge(lane).map { ("\(lane)", $0) } }
        page.metric("martlet_lane_queued", "gauge", "Jobs waiting for a lane.")
        for (lane, gauge) in gauges { page.sample("martlet_lane_queued", ["lane": lane], gauge.queued) }
        page.metric("martlet_lane_busy", "gauge", "Threads of a lane at work.")
        for (lane, gauge) in gauges { page.sample("martlet_lane_busy", ["lane": lane], gauge.busy) }
        page.metric("martlet_lane_refused_total", "counter", "Jobs refused because a lane was full.")
        for (lane, gauge) in gauges { page.sample("martlet_lane_refused_total", ["lane": lane], gauge.refused) }
        page.single("martlet_revocations_live", "gauge", "Revocations that may still decide about a token.", events.revocations.count)
        let gauge = feed.gauge
        page.single("martlet_feed_sequence", "gauge", "Number of the last event in the revocation feed.", Int(gauge.sequence))
        page.single("martlet_feed_waiting", "gauge", "Requests held until the revocation feed has news.", gauge.waiting)
        page.single("martlet_feed_signed_total", "counter", "Documents of the revocation feed that were signed.", gauge.signed)
        let counts = try? issuer.installation.store.read { reads throws(StoreError) in try reads.counts(at: now) }
        page.single("martlet_store_up", "gauge", "Whether the database can be read.", counts == nil ? 0 : 1)
        if let counts {
            page.single("martlet_users", "gauge", "Accounts; may be some minutes old.", Int(counts.users))
            page.single("martlet_sessions", "gauge", "Live sessions; may be some minutes old.", Int(counts.sessions))
        }
        page.metric("martlet_keys", "gauge", "Keys of the ring by purpose and state.")
        var keys: [String: Int] = [:]
        for record in issuer.ring.snapshot.records { keys["\(record.purpose.rawValue) \(record.state.rawValue)", default: 0] += 1 }
        for (name, count) in keys.sorted(by: { $0.key < $1.key }) {
            let words = name.split(separator: " ")
            page.sample("martlet_keys", ["purpose": String(words[0]), "state": String(words[1])], count)
        }
        page.single("martlet_start_time_seconds", "gauge", "When the process started.", Int(startedAt.seconds))
        return page.text
    }

    private struct Page {
        private(set) var text = ""

        mutating func metric(_ name: String, _ type: String, _ help: String) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
        }

        mutating func sample(_ name: String, _ labels: [String: String], _ value: Int) {
            let list = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",")
            text += list.isEmpty ? "\(name) \(value)\n" : "\(name){\(list)} \(value)\n"
        }

        mutating func single(_ name: String, _ type: String, _ help: String, _ value: Int) {
            metric(name, type, help)
            sample(name, [:], value)
        }
    }
}
