// FeedRoutes: the revocation feed over HTTP: the snapshot, what is newer than a number, and the long poll.

import HTTP
import MartletEncoding
import MartletVerifier
import ResourceServer
import Tokens

struct FeedRoutes: Sendable {
    let services: Services
    private let largeAnswers = LargeAnswers()

    init(services: Services) {
        self.services = services
    }

    /// `GET /.well-known/revocations`: with `after` the news since that number, with `wait` held until there is some. A number of
    /// another `lineage` means nothing here: that is the snapshot.
    func revocations(_ request: Request) throws(Refusal) -> Outcome {
        let feed: FeedPublisher
        switch services.feed {
        case .off: throw .notFound("This service has no revocation feed.")
        case .open(let publisher): feed = publisher
        case .forTokens(let publisher):
            _ = try services.caller(request, .revocations)
            feed = publisher
        }
        let after = try number("after", request, 0...Int64.max)
        let wait = try number("wait", request, 0...Self.longestWait) ?? 0
        let lineage = try request.query("lineage")
        guard let after, lineage == nil || lineage == feed.documents.lineage else { return snapshot(of: feed, request) }
        guard wait > 0, request.method != .head, !feed.documents.hasNews(after: after) else { return news(of: feed, after: after, request) }
        let id = request.id
        let clock = services.clock
        let client = request.client.rateKey
        return .park(deadline: wait * 1000, orElse: { Self.answer(feed, after, clock(), id) }) { resumption in
            let waiter = FeedPublisher.Waiter(after: after, client: client, isGone: { resumption.isOver || resumption.isPeerDone }) {
                result in
                resumption.resume {
                    switch result {
                    case .success(let document): held(Self.response(document), for: client)
                    case .failure(let failure): .refuse(Refusal(failure))
                    }
                }
            }
            // Whoever may not wait is answered at once.
            if !feed.wait(waiter) { resumption.resume { news(of: feed, after: after, request) } }
        }
    }

    private func snapshot(of feed: FeedPublisher, _ request: Request) -> Outcome {
        let now = request.receivedAt
        let tag = feed.documents.snapshotTag(at: now)
        // RFC 9110 §13.1.2: weak comparison.
        let opaque = tag.dropFirst(2)
        if request.headerList(.ifNoneMatch).contains(where: { $0 == tag || $0 == opaque || $0 == "*" }) {
            return .respond(Response(.notModified, headers: Headers([(.cacheControl, "no-cache"), (.etag, tag)])))
        }
        return answering(feed, after: nil, request) { document in
            Response(
                .ok, headers: Headers([(.contentType, Self.mediaType), (.cacheControl, "no-cache"), (.etag, document.etag)]),
                body: .bytes(document.text))
        }
    }

    private func news(of feed: FeedPublisher, after: Int64, _ request: Request) -> Outcome {
        answering(feed, after: after, request, Self.response)
    }

    /// What is at hand is answered on the loop; signing is a worker's.
    private func answering(
        _ feed: FeedPublisher, after: Int64?, _ request: Request, _ respond: @escaping @Sendable (FeedDocument) -> Response
    ) -> Outcome {
        let now = request.receivedAt
        let client = request.client.rateKey
        if let document = feed.documents.atHand(after: after, at: now) { return held(respond(document), for: client) }
        return hop(to: .worker) { () throws(Refusal) in
            do throws(KeyRing.Failure) {
                return held(respond(try feed.documents.document(after: after, at: now)), for: client)
            } catch {
                throw Refusal(error)
            }
        }
    }

    /// A large answer needs a place, which its connection keeps until all of it is sent.
    private func held(_ response: Response, for client: UInt64) -> Outcome {
        guard response.contentLength > Self.large else { return .respond(response) }
        guard let place = largeAnswers.place(for: client) else { return .refuse(.overloaded(retryAfter: 1)) }
        var response = response
        response.holding = place
        return .respond(response)
    }

    /// When the wait is over: there is no news, or it would have been told, so that there is next to nothing to sign.
    private static func answer(_ feed: FeedPublisher, _ after: Int64, _ now: UnixTime, _ id: RequestID) -> Response {
        do throws(KeyRing.Failure) {
            if let document = try feed.documents.short(after: after, at: now) { return response(document) }
            return ErrorBody.render(.overloaded(retryAfter: 1), id).adding(.retryAfter, "1")
        } catch {
            return ErrorBody.render(Refusal(error), id)
        }
    }

    private static func response(_ document: FeedDocument) -> Response {
        Response(.ok, headers: newsHeaders, body: .bytes(document.text))
    }

    private func number(_ name: String, _ request: Request, _ range: ClosedRange<Int64>) throws(Refusal) -> Int64? {
        guard let text = try request.query(name) else { return nil }
        guard let number = Int64(digits: ArraySlice(Array(text.utf8))), range.contains(number) else {
            throw .invalidRequest("\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    private static let mediaType = "application/jwt"
    private static let newsHeaders = Headers([(.contentType, mediaType), (.cacheControl, "no-store")])
    /// In bytes.
    private static let large = 64 * 1024
    /// In seconds.
    private static let longestWait: Int64 = 25
}
