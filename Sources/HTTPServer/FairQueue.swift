// FairQueue: first in, first out for each client, and the clients take turns: one that queues a thousand jobs delays
// its own, not the next client's.

/// A queue of jobs by client.
struct FairQueue<Job> {
    private struct Line {
        var jobs: [Job]
        var head = 0
        var count: Int { jobs.count - head }
    }

    private var lines: [UInt64: Line] = [:]
    /// Clients with jobs, in the order of their turns; entries before `turn` are used up.
    private var order: [UInt64] = []
    private var turn = 0

    /// Jobs waiting.
    private(set) var count = 0

    /// How many jobs will run before one that `client` queues now, at most.
    func jobsAhead(of client: UInt64) -> Int {
        let own = lines[client]?.count ?? 0
        let (turns, overflow) = (own + 1).multipliedReportingOverflow(by: lines.count)
        return overflow ? count : min(count, turns)
    }

    mutating func append(_ job: Job, client: UInt64) {
        count += 1
        if lines[client] == nil {
            lines[client] = Line(jobs: [job])
            order.append(client)
        } else {
            lines[client]?.jobs.append(job)
        }
    }

    mutating func popFirst() -> Job? {
        guard turn < order.count, var line = lines.removeValue(forKey: order[turn]) else { return nil }
        let client = order[turn]
        turn += 1
        let job = line.jobs[line.head]
        line.head += 1
        count -= 1
        if line.count > 0 {
            if line.head > 64, line.head > line.jobs.count / 2 {
                line.jobs.removeSubrange(0..<line.head)
                line.head = 0
            }
            lines[client] = line
            order.append(client)
        }
        if turn == order.count {
            order.removeAll(keepingCapacity: true)
            turn = 0
        } else if turn > 256, turn > order.count / 2 {
            order.removeSubrange(0..<turn)
            turn = 0
        }
        return job
    }
}
