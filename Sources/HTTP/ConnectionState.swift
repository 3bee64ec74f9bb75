// ConnectionState: one HTTP/1 connection as a value. Bytes and time go in; what to do comes out. No sockets, no clocks.
//
//     idle ─▶ head ─▶ routing ─▶ body ─▶ answering ─▶ idle …          one request in flight, in order
//       │       └────────┴────────┴──▶ refusing ─▶ lingering ─▶ closed
//       └─▶ closed (idle too long, drained, or the peer left)
//
// Times are milliseconds of a clock that only goes forward.

/// The state of a connection.
package struct ConnectionState: ~Copyable, Sendable {
    /// What its owner has to do next.
    package enum Action: Sendable {
        /// Nothing until more bytes or the deadline come.
        case wait
        /// A head is complete: call `routed(bodyLimit:at:)`, or `refuse(_:)`.
        case route(RequestHead)
        /// Send `HTTP/1.1 100 Continue`.
        case sendContinue
        /// A request is complete: answer it, then call `responseSent(at:)`.
        case request(RequestHead, body: [UInt8])
        /// Answer with this, closing, then call `responseSent(at:)`.
        case refuse(Refusal)
        /// Send what is left, then FIN, and go on reading.
        case halfClose
        /// Close for good.
        case close
    }

    private enum Phase {
        case idle
        case head
        case routing(RequestHead)
        case body(RequestHead)
        case answering
        case refusing(Refusal)
        case answeringRefusal
        case halfClosing
        case lingering
        case closing
        case closed
    }

    private let limits: Limits
    private var phase = Phase.idle
    private var phaseStart: Int64
    private var buffer: [UInt8] = []
    private var consumed = 0
    private var parser: RequestHeadParser
    private var body: [UInt8] = []
    private let bodies: BodyBudget?
    private var bodyShare: BodyBudget.Share?
    private var bodyRemaining = 0
    private var chunks: ChunkedDecoder?
    private var owesContinue = false
    private var discarded = 0
    private var inputEnded = false
    private var draining = false
    private var requestCloses = false

    /// A fresh connection.
    /// - Parameter bodies: what it shares with others for the content of requests; nil for no bound but the route's.
    package init(limits: Limits, bodies: BodyBudget? = nil, at now: Int64) {
        self.limits = limits
        self.bodies = bodies
        parser = RequestHeadParser(limits: limits)
        phaseStart = now
    }

    // MARK: Events

    /// Bytes came from the peer; ask `next(at:)` what follows. At most `readBytes` of them between two looks at `wantsBytes`,
    /// and what is held stays bounded. A peer that closed its sending side cannot be held back, its last bytes come at once:
    /// where those are too many the rest is not heard, what is held is answered, and the connection closes.
    package mutating func received(_ bytes: UnsafeRawBufferPointer, at now: Int64) {
        switch phase {
        case .lingering, .halfClosing:
            discarded += bytes.count
            if discarded > limits.lingerBytes { phase = .closing }
        case .refusing, .answeringRefusal, .closing, .closed: break
        // After a gap nothing more may be read: it would be taken for something else than it is.
        case .idle, .head, .routing, .body, .answering: if !inputEnded { hold(bytes) }
        }
    }

    private mutating func hold(_ bytes: UnsafeRawBufferPointer) {
        if consumed > 0 {
            buffer.removeSubrange(0..<consumed)
            consumed = 0
        }
        let room = max(0, mostWanted + Self.readBytes - buffer.count)
        buffer.append(contentsOf: bytes.prefix(room))
        if bytes.count > room { inputEnded = true }
    }

    /// Reading goes on after a pause that `wantsBytes` or an unread answer made: the peer is not charged with it.
    package mutating func readingResumed(at now: Int64) {
        switch phase {
        case .idle, .head, .body: phaseStart = now
        default: break
        }
    }

    /// The peer has sent its last byte. What it already asked for is still answered.
    package mutating func inputClosed() {
        inputEnded = true
        switch phase {
        case .idle, .head, .body, .routing, .lingering, .halfClosing: if !hasUnread { phase = .closing }
        default: break
        }
    }

    /// The server is going down: the next answer is the last, and an idle connection closes.
    package mutating func drain() {
        draining = true
        if case .idle = phase, !hasUnread { phase = .closing }
    }

    /// The route of the head is known, and with it how large a body may be (bytes).
    package mutating func routed(bodyLimit: Int, at now: Int64) {
        guard case .routing(let head) = phase else { return }
        requestCloses = !head.keepsAlive
        switch head.framing {
        case .none: bodyRemaining = 0
        case .length(let length):
            // Refused before a byte of it is read; one that waits for 100 Continue hears the 413 instead.
            guard length <= bodyLimit else { return refuse(.payloadTooLarge()) }
            bodyRemaining = length
        case .chunked: chunks = ChunkedDecoder(bodyLimit: bodyLimit, trailerLimit: limits.headerSection)
        }
        owesContinue = head.expectsContinue && !hasUnread
        enter(.body(head), at: now)
    }

    /// Gives up on the request at hand: this is its answer, and the connection's last.
    package mutating func refuse(_ refusal: Refusal) {
        phase = .refusing(refusal)
        body = []
        chunks = nil
        bodyShare = nil
    }

    /// What the content of the request just told of takes of the budget, for whoever holds the request; nil for nothing.
    package mutating func takeBodyShare() -> BodyBudget.Share? {
        let share = bodyShare
        bodyShare = nil
        return share
    }

    /// The answer has been handed to the socket.
    package mutating func responseSent(at now: Int64) {
        switch phase {
        case .answering where !closesAfterAnswer: enter(hasUnread ? .head : .idle, at: now)
        case .answering, .answeringRefusal: enter(.halfClosing, at: now)
        default: break
        }
    }

    /// Looks at the clock: afterwards `next(at:)` says whether something is overdue.
    package mutating func timePassed(at now: Int64) {
        guard let deadline, now >= deadline else { return }
        switch phase {
        case .head, .body: refuse(.requestTimeout())
        default: phase = .closing
        }
    }

    // MARK: Questions

    /// When `timePassed(at:)` will have something to say; nil while an answer is being made.
    package var deadline: Int64? {
        switch phase {
        case .idle: phaseStart + limits.idleTime
        case .head: phaseStart + limits.headTime
        case .body: phaseStart + limits.bodyTime
        case .lingering: phaseStart + limits.lingerTime
        default: nil
        }
    }

    /// Whether the answer to the request at hand is the connection's last and has to say so.
    package var closesAfterAnswer: Bool {
        if case .answering = phase { return draining || requestCloses || (inputEnded && !hasUnread) }
        return true
    }

    /// Whether to go on reading from the socket: not while more than enough is held. What is thrown away is always read.
    package var wantsBytes: Bool {
        let held = buffer.count - consumed
        return switch phase {
        case .answering: held < limits.pipelinedBytes
        case .idle, .head, .routing, .body: held < mostWanted
        case .refusing, .answeringRefusal, .halfClosing, .lingering, .closing, .closed: true
        }
    }

    // MARK: The machine

    /// What to do now. Call it again after everything it asked for, until it says `.wait` or `.close`.
    package mutating func next(at now: Int64) -> Action {
        while true {
            switch phase {
            case .idle:
                guard hasUnread else { return .wait }
                enter(.head, at: now)
            case .head:
                do throws(Refusal) {
                    guard let head = try readHead() else { return inputEnded ? close() : .wait }
                    phase = .routing(head)
                } catch { refuse(error) }
            case .routing(let head): return .route(head)
            case .body(let head):
                if owesContinue {
                    owesContinue = false
                    return .sendContinue
                }
                do throws(Refusal) {
                    guard try readBody() else { return inputEnded ? close() : .wait }
                    let whole = body
                    body = []
                    chunks = nil
                    phase = .answering
                    return .request(head, body: whole)
                } catch { refuse(error) }
            case .refusing(let refusal):
                phase = .answeringRefusal
                buffer = []
                consumed = 0
                return .refuse(refusal)
            case .halfClosing:
                // RFC 9112 §9.6: closing at once could send a RST that destroys the answer before it is read.
                if inputEnded { return close() }
                phase = .lingering
                return .halfClose
            case .closing: return close()
            case .answering, .answeringRefusal, .lingering, .closed: return .wait
            }
        }
    }

    private mutating func close() -> Action {
        phase = .closed
        return .close
    }

    private mutating func enter(_ phase: Phase, at now: Int64) {
        self.phase = phase
        phaseStart = now
    }

    /// Any head that the limits let pass has to fit, or it could never be complete.
    private var mostWanted: Int { max(limits.pipelinedBytes, RequestHeadParser.mostBytes(limits)) }

    private var hasUnread: Bool { consumed < buffer.count }

    private mutating func readHead() throws(Refusal) -> RequestHead? {
        let start = consumed
        let parsed = try buffer.withUnsafeMutableBufferPointer { (bytes) throws(Refusal) in
            try parser.parse(UnsafeMutableBufferPointer(rebasing: bytes[start...]))
        }
        guard let parsed else { return nil }
        consume(parsed.length)
        parser = RequestHeadParser(limits: limits)
        return parsed.head
    }

    /// - Returns: whether the body is complete.
    private mutating func readBody() throws(Refusal) -> Bool {
        if chunks == nil {
            let count = min(bodyRemaining, buffer.count - consumed)
            if count > 0 { body.append(contentsOf: buffer[consumed..<(consumed + count)]) }
            bodyRemaining -= count
            consume(count)
            try countBody()
            return bodyRemaining == 0
        }
        let start = consumed
        let count = try buffer.withUnsafeBufferPointer { (bytes) throws(Refusal) in
            try chunks?.decode(UnsafeBufferPointer(rebasing: bytes[start...]), into: &body) ?? 0
        }
        consume(count)
        try countBody()
        return chunks?.isDone ?? true
    }

    private mutating func countBody() throws(Refusal) {
        guard let bodies, body.count > BodyBudget.uncounted else { return }
        let share = bodyShare ?? BodyBudget.Share(of: bodies)
        bodyShare = share
        try share.grow(to: body.count)
    }

    private mutating func consume(_ count: Int) {
        consumed += count
        guard consumed == buffer.count else { return }
        consumed = 0
        // A buffer that a large request made grow is not kept while the connection is idle.
        if buffer.capacity > Self.keptCapacity { buffer = [] } else { buffer.removeAll(keepingCapacity: true) }
    }

    /// The most to read from the socket at once, in bytes.
    package static let readBytes = 16 * 1024
    private static let keptCapacity = 4096
}
