// FeedRoutes: the revocation feed over HTTP: the snapshot, what is newer than a number, and the long poll.

import HTTP
import MartletEncoding
import MartletVerifier
import ResourceServer
import Tokens

struct FeedRoutes: Sendable {
    let services: Services

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
        guard let after, lineage == nil || lineage == feed.lineage else { return snapshot(of: feed, request) }
        guard wait > 0, request.method != .head, !feed.hasNews(after: after) else { return news(of: feed, after: after, request) }
        let id = request.id
        let clock = services.clock
        let client = request.client.rateKey
        return .park(deadline: wait * 1000, orElse: { Self.answer(feed, after, clock(), id) }) { resumption in
            let waiter = FeedPublisher.Waiter(after: after, client: client, isGone: { resumption.isOver || resumption.isPeerDone }) {
                result in
                resumption.resume {
                    switch result {
                    case .success(let document): .respond(Self.response(document))
                    case .failure(let failure): .refuse(Refusal(failure))
                    }
                }
            }
            // Whoever may not wait is answered at once.
            if !feed.wait(waiter) { resumption.resume { news(of: feed, after: after, request) } }
        }
    }

    private func snapshot(of feed: FeedPublisher, _ request: Request) -> Outcome {
        let matching = request.headerList(.ifNoneMatch)
        return answering(feed, after: nil, request) { document in
            if matching.contains(document.etag) {
                return Response(.notModified, headers: Headers([(.cacheControl, "no-cache"), (.etag, document.etag)]))
            }
            return Response(
                .ok, headers: Headers([(.contentType, Self.mediaType), (.cacheControl, "no-cache"), (.etag, document.etag)]),
                body: .bytes(document.text))
        }
    }

    private func news(of feed: FeedPublisher, after: Int64, _ request: Request) -> Outcome {
        answering(feed, after: after, request, Self.response)
    }

    /// What is at hand is answered on the loop; signing is a worker's.
    private func answering(
        _ feed: FeedPublisher, after: Int64?, _ request: Request, _ respond: @escaping @Sendable (FeedPublisher.Document) -> Response
    ) -> Outcome {
        let now = request.receivedAt
        if let document = feed.document(atHandAfter: after, at: now) { return .respond(respond(document)) }
        return hop(to: .worker) { () throws(Refusal) in
            do throws(KeyRing.Failure) {
                return .respond(respond(try feed.document(after: after, at: now)))
            } catch {
                throw Refusal(error)
            }
        }
    }

    /// When the wait is over: there is no news, or it would have been told, so that little is left to sign.
    private static func answer(_ feed: FeedPublisher, _ after: Int64, _ now: UnixTime, _ id: RequestID) -> Response {
        do throws(KeyRing.Failure) {
            return response(try feed.document(after: after, at: now))
        } catch {
            return ErrorBody.render(Refusal(error), id)
        }
    }

    private static func response(_ document: FeedPublisher.Document) -> Response {
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
    /// In seconds.
    private static let longestWait: Int64 = 25
}
