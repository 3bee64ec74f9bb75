// Connection: the channel handler that feeds a ConnectionState and does what it says. It runs requests on the loop or
// hands them to a lane, and writes answers in order. Everything of a read is answered before one flush.

import HTTP
import MartletEncoding
import NIOCore
import Synchronization

/// A connection.
/// `@unchecked Sendable`: everything is touched on the event loop only, but for `peerState`, which is atomic, and constants.
final class Connection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What the threads of the lanes look at before they begin.
    private enum PeerState {
        static let present: UInt8 = 0
        static let halfClosed: UInt8 = 1
        static let gone: UInt8 = 2
    }

    private struct Parked {
        var deadline: Int64
        var orElse: @Sendable () -> Response
        var resumption: Resumption
    }

    private let share: ServerLoop
    private let peerState = Atomic<UInt8>(PeerState.present)
    private var state: ConnectionState
    private var context: ChannelHandlerContext?
    private var peer = ClientAddress.local
    private var isAdmitted = false
    private var isProcessing = false
    private var isReading = true
    private var isWritable = true

    // The request being answered.
    private var resolution: Router.Resolution?
    private var head: RequestHead?
    private var request: Request?
    private var id: RequestID?
    private var requestStart = NIODeadline.uptimeNanoseconds(0)
    private var isInFlight = false
    private var parked: Parked?
    /// Rises with every answer, so that what comes too late for its request is recognised.
    private var turn: UInt64 = 0

    /// What a request's work carries from thread to thread.
    private struct Ticket: Sendable {
        var turn: UInt64
        var client: UInt64
    }

    // A peer that does not read.
    private var unsentBytes = 0
    private var unsentSince: Int64 = 0
    private var closesWhenSent = false
    /// What the last large answer holds until it is sent.
    private var holding: Holding?

    init(_ share: ServerLoop) {
        self.share = share
        state = ConnectionState(limits: share.configuration.limits, bodies: share.bodies, at: Clock.monotonic())
    }

    // MARK: Channel events

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        guard share.admit(self) else {
            context.close(promise: nil)
            return
        }
        isAdmitted = true
        peer = context.channel.remoteAddress.map(ClientAddress.init) ?? .local
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard isAdmitted else { return }
        let buffer = unwrapInboundIn(data)
        share.counters.bytesIn.add(buffer.readableBytes)
        share.readClocks()
        buffer.withUnsafeReadableBytes { state.received($0, at: share.now) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        process()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if isWritable { process() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else { return }
        peerState.store(PeerState.halfClosed, ordering: .relaxed)
        parked?.resumption.notePeerDone()
        state.inputClosed()
        process()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        peerState.store(PeerState.gone, ordering: .relaxed)
        turn &+= 1
        unpark()
        holding = nil
        endRequest()
        share.forget(self)
        self.context = nil
    }

    // MARK: From the server, on the loop

    /// Looks at this connection's deadlines.
    func sweep() {
        guard let context else { return }
        let now = share.now
        // While an answer is on its way, the only clock that counts is the one of its going.
        guard unsent(context) == 0 else { return watchSending(context, at: now) }
        unsentBytes = 0
        holding = nil
        if closesWhenSent {
            context.close(promise: nil)
        } else if let parked, now >= parked.deadline {
            finish(.respond(parked.orElse()))
        } else if let deadline = state.deadline, now >= deadline {
            state.timePassed(at: now)
            process()
        }
    }

    func drain() {
        state.drain()
        process()
    }

    func abort() {
        context?.close(promise: nil)
    }

    private func watchSending(_ context: ChannelHandlerContext, at now: Int64) {
        let unsent = unsent(context)
        if unsent != unsentBytes {
            unsentBytes = unsent
            unsentSince = now
        } else if now - unsentSince >= share.configuration.limits.writeStallTime {
            share.counters.writeStalls.add(1)
            context.close(promise: nil)
        }
    }

    // MARK: The request loop

    /// Why `advance` stopped.
    private enum Pause {
        case waiting, outputFull, halfClose, close
    }

    private func process() {
        guard let context, !isProcessing else { return }
        isProcessing = true
        var pause: Pause
        repeat {
            pause = advance()
            flush(context)
        } while pause == .outputFull && isWritable && self.context != nil
        isProcessing = false
        switch pause {
        case .halfClose: context.close(mode: .output, promise: nil)
        case .close: closeWhenSent(context)
        case .waiting, .outputFull: break
        }
        // Back-pressure: a peer that asks faster than it is answered, or takes none of its answers, waits in its own socket.
        let wantsBytes = isWritable && state.wantsBytes
        if wantsBytes != isReading {
            isReading = wantsBytes
            if isReading { state.readingResumed(at: share.now) }
            try? context.channel.syncOptions?.setOption(.autoRead, value: isReading)
        }
    }

    private func advance() -> Pause {
        let now = share.now
        while isWritable {
            switch state.next(at: now) {
            case .wait: return .waiting
            case .route(let head): route(head, at: now)
            case .sendContinue: share.output.writeBytes(ResponseSerializer.continueBytes)
            case .request(let head, let body): begin(head, body)
            case .refuse(let refusal):
                if refusal.status == .requestTimeout { share.counters.timeouts.add(1) }
                answer(.refuse(refusal))
            case .halfClose: return .halfClose
            case .close: return .close
            }
            // However much a peer pipelines, its answers are made no faster than they can be sent.
            if share.output.readableBytes >= Self.mostOutput { return .outputFull }
        }
        return .outputFull
    }

    private func flush(_ context: ChannelHandlerContext) {
        guard share.output.readableBytes > 0 else { return }
        share.counters.bytesOut.add(share.output.readableBytes)
        context.writeAndFlush(wrapOutboundOut(share.output), promise: nil)
        share.resetOutput()
    }

    /// Closes once everything is sent; the sweep sees to it when that is not so yet.
    private func closeWhenSent(_ context: ChannelHandlerContext) {
        if unsent(context) == 0 { return context.close(promise: nil) }
        closesWhenSent = true
    }

    private func unsent(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    private func route(_ head: RequestHead, at now: Int64) {
        let resolution = share.router.resolve(head)
        switch resolution {
        case .route(let route, _): state.routed(bodyLimit: route.bodyLimit, at: now)
        // A client that asked first need not send a body that nobody will read.
        case .refusal(let refusal) where head.expectsContinue: state.refuse(refusal)
        case .options, .refusal: state.routed(bodyLimit: share.configuration.limits.body, at: now)
        }
        self.resolution = resolution
        self.head = head
    }

    private func begin(_ head: RequestHead, _ body: [UInt8]) {
        let id = requestID(head)
        let parameters = if case .route(_, let parameters) = resolution { parameters } else { [Router.Parameter]() }
        let request = Request(
            head: head, parameters: parameters, body: body, bodyShare: state.takeBodyShare(), id: id,
            client: share.configuration.proxies.client(peer: peer, head: head),
            isForwarded: share.configuration.proxies.trusts(peer), receivedAt: share.wallTime)
        self.id = id
        self.request = request
        isInFlight = true
        share.counters.inFlight.add(1)
        if share.configuration.accessLog != nil { requestStart = .now() }
        switch resolution {
        case .route(let route, _) where route.lane == .loop: perform(route.handler(request))
        case .route(let route, _): submit(route.lane) { route.handler(request) }
        case .options(let allow): answer(.respond(options(head, allow: allow)))
        case .refusal(let refusal): answer(.refuse(refusal))
        case nil: answer(.refuse(Refusal(.internalServerError, code: "internal_error", detail: "Something went wrong.")))
        }
    }

    private func options(_ head: RequestHead, allow: String) -> Response {
        var headers = Headers([(.allow, allow)])
        if head.count(of: .accessControlRequestMethod) > 0 {
            share.configuration.cors.applyPreflight(
                to: &headers, path: head.path, origin: head.bytes(of: .origin), allow: allow)
        }
        return Response(.noContent, headers: headers)
    }

    private func requestID(_ head: RequestHead) -> RequestID {
        head.bytes(of: .xRequestID).flatMap(RequestID.init(callers:)) ?? share.ids.next()
    }

    // MARK: Outcomes

    /// On the loop: follows an outcome until there is an answer or somebody else's turn.
    private func perform(_ outcome: Outcome) {
        var outcome = outcome
        while true {
            switch outcome {
            case .continue(on: .loop, let work): outcome = work()
            case .continue(let lane, let work): return submit(lane, work)
            case .park(let deadline, let orElse, let start):
                let resumption = resumption(ticket)
                park(deadline: deadline, orElse: orElse, resumption)
                return start(resumption)
            case .delay(let milliseconds, let work): return delay(milliseconds, work)
            case .respond, .refuse: return answer(outcome)
            }
        }
    }

    private func park(deadline: Int64, orElse: @escaping @Sendable () -> Response, _ resumption: Resumption) {
        parked = Parked(deadline: share.now + max(0, deadline), orElse: orElse, resumption: resumption)
    }

    private func delay(_ milliseconds: Int64, _ work: @escaping @Sendable () -> Outcome) {
        let ticket = ticket
        share.loop.scheduleTask(in: .milliseconds(max(0, milliseconds))) { [self] in goOn(ticket, work) }
    }

    private func unpark() {
        parked?.resumption.abandon()
        parked = nil
    }

    private func submit(_ lane: Lane, _ work: @escaping @Sendable () -> Outcome) {
        if let refusal = enqueue(lane, ticket, work) { answer(.refuse(refusal)) }
    }

    private var ticket: Ticket { Ticket(turn: turn, client: request?.client.rateKey ?? 0) }

    /// From any thread: queues work for the request of this turn.
    /// - Returns: why the lane does not take it.
    private func enqueue(_ lane: Lane, _ ticket: Ticket, _ work: @escaping @Sendable () -> Outcome) -> Refusal? {
        share.lanes.submit(lane, client: ticket.client) { [self] in
            // A login storm's clients give up; what they left in the queue is not hashed for nobody. Cheap work is still
            // done for a peer that only closed its sending side.
            let left = peerState.load(ordering: .relaxed)
            guard left != PeerState.gone, !(lane == .hashing && left == PeerState.halfClosed) else {
                share.loop.execute { [self] in drop(ticket) }
                return false
            }
            follow(work(), on: lane, ticket)
            return true
        }
    }

    /// On a lane's thread: does what can go on here and hands the rest over.
    private func follow(_ outcome: Outcome, on lane: Lane, _ ticket: Ticket) {
        var outcome = outcome
        while true {
            switch outcome {
            case .continue(let next, let work) where next == lane: outcome = work()
            case .continue(on: .loop, let work): return deliver(ticket, work)
            case .continue(let next, let work):
                guard let refusal = enqueue(next, ticket, work) else { return }
                outcome = .refuse(refusal)
            case .park(let deadline, let orElse, let start):
                // In this order: what `start` resumes reaches the loop after it knows that the request is parked.
                let resumption = resumption(ticket)
                share.loop.execute { [self] in
                    if ticket.turn == turn { park(deadline: deadline, orElse: orElse, resumption) } else { resumption.abandon() }
                }
                return start(resumption)
            case .respond, .refuse, .delay:
                let done = outcome
                return deliver(ticket) { done }
            }
        }
    }

    private func resumption(_ ticket: Ticket) -> Resumption {
        Resumption { [self] work in deliver(ticket, work) }
    }

    /// From any thread: goes on with the request of this turn on the loop.
    private func deliver(_ ticket: Ticket, _ work: @escaping @Sendable () -> Outcome) {
        share.loop.execute { [self] in goOn(ticket, work) }
    }

    /// On the loop: the same, unless the request was answered or the connection is gone.
    private func goOn(_ ticket: Ticket, _ work: () -> Outcome) {
        guard ticket.turn == turn else { return }
        share.readClocks()
        finish(work())
    }

    private func finish(_ outcome: Outcome) {
        unpark()
        perform(outcome)
        process()
    }

    /// The peer will not read an answer: the connection ends without one.
    private func drop(_ ticket: Ticket) {
        guard ticket.turn == turn else { return }
        context?.close(promise: nil)
    }

    // MARK: Answers

    private func answer(_ outcome: Outcome) {
        let id = id ?? head.map(requestID) ?? share.ids.next()
        var response: Response
        var logDetail: String?
        switch outcome {
        case .respond(let answer): response = answer
        case .refuse(let refusal):
            response = share.render(refusal, id, request)
            if let seconds = refusal.retryAfter { response.headers.append(.retryAfter, String(seconds)) }
            if let allow = refusal.allow { response.headers.append(.allow, allow) }
            logDetail = refusal.logDetail
        default: return
        }
        if !share.configuration.cors.isEmpty {
            share.configuration.cors.apply(to: &response.headers, path: head?.path, origin: head?.bytes(of: .origin))
        }
        write(response, id)
        // One at a time is enough: whoever asks for more is counted with the first until all is sent.
        if let held = response.holding, holding == nil { holding = held }
        share.counters.countResponse(group: response.status.group)
        if let log = share.configuration.accessLog {
            let pattern: String? = if case .route(let route, _) = resolution { route.pattern } else { nil }
            let took = isInFlight ? (NIODeadline.now() - requestStart).nanoseconds / 1000 : 0
            log(
                RequestSummary(
                    method: head?.method ?? .other, pattern: pattern, status: response.status, duration: took, id: id,
                    client: request?.client ?? peer, logDetail: logDetail))
        }
        endRequest()
        turn &+= 1
        state.responseSent(at: share.now)
    }

    private func write(_ response: Response, _ id: RequestID) {
        let persistence: ResponseSerializer.Persistence =
            state.closesAfterAnswer ? .close : head?.isHTTP10 == true ? .keepAlive : .implied
        let isHead = head?.method == .head
        share.output.writeWithUnsafeMutableBytes(minimumWritableBytes: ResponseSerializer.capacity(response)) { output in
            share.serializer.write(response, id: id, isHead: isHead, persistence: persistence, at: share.wallTime, into: output)
        }
    }

    private func endRequest() {
        if isInFlight { share.counters.inFlight.add(-1) }
        isInFlight = false
        resolution = nil
        request = nil
        head = nil
        id = nil
    }

    private static let mostOutput = 64 * 1024
}

extension ClientAddress {
    /// A peer's address as the socket tells it; `.local` for a socket without an IP address.
    fileprivate init(_ address: SocketAddress) {
        self = address.ipAddress.flatMap { ClientAddress($0.utf8) } ?? .local
    }
}
