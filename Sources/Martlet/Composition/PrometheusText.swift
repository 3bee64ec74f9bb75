// PrometheusText: the exposition format 0.0.4, and what every server of the house has to tell in it.

import HTTP
import HTTPServer

/// A page of metrics.
struct PrometheusText {
    private(set) var text = ""

    /// The answer that carries it.
    var response: Response { .text(.ok, text, contentType: "text/plain; version=0.0.4; charset=utf-8") }

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

    /// What a server counts.
    mutating func write(_ counters: ServerCounters) {
        metric("martlet_responses_total", "counter", "Answers by the first digit of their status.")
        for (index, count) in counters.responsesByGroup.enumerated() {
            sample("martlet_responses_total", ["status": "\(index + 1)xx"], count)
        }
        single("martlet_requests_in_flight", "gauge", "Requests being answered.", counters.requestsInFlight)
        single("martlet_connections_open", "gauge", "Connections open.", counters.connectionsOpen)
        single("martlet_connections_accepted_total", "counter", "Connections taken.", counters.connectionsAccepted)
        single(
            "martlet_connections_refused_total", "counter", "Connections closed because there were too many.", counters.connectionsRefused)
        single("martlet_received_bytes_total", "counter", "Bytes read.", counters.bytesIn)
        single("martlet_sent_bytes_total", "counter", "Bytes written.", counters.bytesOut)
        single("martlet_write_stalls_total", "counter", "Connections dropped because the peer took nothing.", counters.writeStalls)
        single("martlet_request_timeouts_total", "counter", "Requests that were too slow to arrive.", counters.requestTimeouts)
    }

    /// How busy the lanes are.
    mutating func write(_ lanes: Lanes) {
        let gauges = [Lane.worker, .hashing, .outbound].compactMap { lane in lanes.gauge(lane).map { ("\(lane)", $0) } }
        metric("martlet_lane_queued", "gauge", "Jobs waiting for a lane.")
        for (lane, gauge) in gauges { sample("martlet_lane_queued", ["lane": lane], gauge.queued) }
        metric("martlet_lane_busy", "gauge", "Threads of a lane at work.")
        for (lane, gauge) in gauges { sample("martlet_lane_busy", ["lane": lane], gauge.busy) }
        metric("martlet_lane_refused_total", "counter", "Jobs refused because a lane was full.")
        for (lane, gauge) in gauges { sample("martlet_lane_refused_total", ["lane": lane], gauge.refused) }
    }
}
