// CurlSession: one exchange at a time with libcurl, and the connections that are left of earlier ones. The multi interface
// carries it because its waiting can be cut into slices, between which a cancelled request ends.

import CMartletCurl
import MartletVerifier

/// An easy handle and the multi handle that owns its connections.
///
/// @unchecked: CurlClient lends a session to one thread at a time, through the lock of its list.
final class CurlSession: @unchecked Sendable {
    private let easy: UnsafeMutableRawPointer
    private let multi: UnsafeMutableRawPointer
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    /// Throws ``FetchFailure/unreachable(detail:)`` when libcurl is not there, or has no memory.
    init() throws(FetchFailure) {
        if let failure = martlet_curl_load() { throw .unreachable(detail: String(cString: failure)) }
        guard let easy = martlet_curl_easy_init() else { throw .unreachable(detail: Self.noMemory) }
        guard let multi = martlet_curl_multi_init() else {
            martlet_curl_easy_cleanup(easy)
            throw .unreachable(detail: Self.noMemory)
        }
        self.easy = easy
        self.multi = multi
        _ = martlet_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, Self.keptConnections)
    }

    deinit {
        martlet_curl_easy_cleanup(easy)
        martlet_curl_multi_cleanup(multi)
        errorText.deallocate()
    }

    /// Carries out one exchange.
    func perform(_ exchange: CurlExchange, caFile: String?, gate: SocketGate?) throws(FetchFailure) -> CurlReply {
        let fields = try FieldList(exchange.fields)
        let content = Content(exchange.body)
        let answer = CurlAnswer(maximumBody: exchange.maximumBody)
        defer { martlet_curl_easy_reset(easy) }
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        guard prepare(exchange, fields: fields, content: content, answer: answer, caFile: caFile, gate: gate),
            martlet_curl_multi_add_handle(multi, easy) == CURLM_OK
        else {
            throw .unreachable(detail: "libcurl does not take the request")
        }
        // curl holds bare pointers to all of them until the handle is removed.
        let code = try withExtendedLifetime((fields, content, answer, gate)) { () throws(FetchFailure) -> CURLcode in
            defer { martlet_curl_multi_remove_handle(multi, easy) }
            return try perform(until: exchange.isCancelled)
        }
        if answer.isTooLarge { throw .tooLarge }
        if code != CURLE_OK { throw failure(code) }
        var status = 0
        // To curl the end of the connection is an end of the head.
        guard answer.isHeadComplete, martlet_curl_get_long(easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK else {
            throw .unreachable(detail: "the peer hung up within the head")
        }
        return CurlReply(
            status: status, fields: answer.headers, body: answer.body,
            certificateEnd: exchange.asksForCertificate ? certificateEnd() : nil)
    }

    private func prepare(
        _ request: CurlExchange, fields: FieldList, content: Content, answer: CurlAnswer, caFile: String?, gate: SocketGate?
    ) -> Bool {
        let context = Unmanaged.passUnretained(answer).toOpaque()
        var codes = [
            martlet_curl_set_text(easy, CURLOPT_URL, request.origin + "/"),
            martlet_curl_set_text(easy, CURLOPT_REQUEST_TARGET, request.target),
            martlet_curl_allow_http_only(easy),
            // One exchange at a time gains nothing from HTTP/2 and would carry its parser.
            martlet_curl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)),
            martlet_curl_set_long(easy, CURLOPT_HTTP09_ALLOWED, 0),
            martlet_curl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0),
            martlet_curl_set_pointer(easy, CURLOPT_HTTPHEADER, fields.first),
            martlet_curl_set_long(easy, CURLOPT_NOSIGNAL, 1),
            martlet_curl_leave_slow_resolver(easy),
            martlet_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(request.connectTimeout)),
            martlet_curl_set_long(easy, CURLOPT_TIMEOUT_MS, Self.milliseconds(request.timeout)),
            martlet_curl_set_offset(easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(max(request.maximumBody, 0))),
            martlet_curl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1),
            martlet_curl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2),
            martlet_curl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
            martlet_curl_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1),
            martlet_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText),
            martlet_curl_set_callback(easy, CURLOPT_HEADERFUNCTION) { CurlAnswer.receive($0, $1, $2, $3) { $0.receive(line: $1) } },
            martlet_curl_set_pointer(easy, CURLOPT_HEADERDATA, context),
            martlet_curl_set_callback(easy, CURLOPT_WRITEFUNCTION) { CurlAnswer.receive($0, $1, $2, $3) { $0.receive(content: $1) } },
            martlet_curl_set_pointer(easy, CURLOPT_WRITEDATA, context),
        ]
        if let caFile {
            codes.append(martlet_curl_set_text(easy, CURLOPT_CAINFO, caFile))
            // Or the system's folder of authorities would be trusted besides.
            codes.append(martlet_curl_set_text(easy, CURLOPT_CAPATH, nil))
        }
        if request.method == "HEAD" {
            codes.append(martlet_curl_set_long(easy, CURLOPT_NOBODY, 1))
        } else {
            if let bytes = content.bytes {
                codes.append(martlet_curl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(content.count)))
                codes.append(martlet_curl_set_pointer(easy, CURLOPT_POSTFIELDS, bytes))
            }
            codes.append(martlet_curl_set_text(easy, CURLOPT_CUSTOMREQUEST, request.method))
        }
        if request.asksForCertificate { codes.append(martlet_curl_set_long(easy, CURLOPT_CERTINFO, 1)) }
        if request.isOnNewConnection { codes.append(martlet_curl_set_long(easy, CURLOPT_FRESH_CONNECT, 1)) }
        if !request.usesProxy {
            if let gate { codes += gate.prepare(easy) }
            // An empty text, unlike none, also overrides the environment; CURLOPT_NOPROXY would override `no_proxy` for all hosts.
            codes.append(martlet_curl_set_text(easy, CURLOPT_PROXY, ""))
        }
        return codes.allSatisfy { $0 == CURLE_OK }
    }

    private func certificateEnd() -> String? {
        var line = martlet_curl_get_certificate(easy)
        while let entry = line?.pointee {
            let text = String(cString: entry.data)
            if text.hasPrefix("Expire date:") { return String(text.dropFirst("Expire date:".count)) }
            line = UnsafePointer(entry.next)
        }
        return nil
    }

    private func perform(until isCancelled: () -> Bool) throws(FetchFailure) -> CURLcode {
        while true {
            var running: Int32 = 0
            guard martlet_curl_multi_perform(multi, &running) == CURLM_OK else { return CURLE_FAILED_INIT }
            if running == 0 { break }
            if isCancelled() { throw .cancelled }
            guard martlet_curl_multi_poll(multi, Self.slice) == CURLM_OK else { return CURLE_FAILED_INIT }
        }
        var left: Int32 = 0
        while let message = martlet_curl_multi_info_read(multi, &left) {
            if message.pointee.msg == CURLMSG_DONE { return message.pointee.data.result }
        }
        return CURLE_FAILED_INIT
    }

    private func failure(_ code: CURLcode) -> FetchFailure {
        switch code {
        case CURLE_OPERATION_TIMEDOUT: .timedOut
        case CURLE_FILESIZE_EXCEEDED: .tooLarge
        case _ where Self.trustCodes.contains(code.rawValue): .untrusted(detail: detail(code))
        default: .unreachable(detail: detail(code))
        }
    }

    private func detail(_ code: CURLcode) -> String {
        errorText.pointee == 0 ? String(cString: martlet_curl_easy_strerror(code)) : String(cString: errorText)
    }

    /// What curl takes for a timeout: 0 would be none.
    private static func milliseconds(_ time: Int64) -> Int { Int(min(max(time, 1), Int64(Int32.max))) }

    private static let noMemory = "libcurl has no memory for a session"

    private static let trustCodes = Set(
        [
            CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CIPHER, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ENGINE_INITFAILED,
        ].map(\.rawValue))

    private static let keptConnections = 4
    /// Milliseconds between two questions whether the answer is still wanted.
    private static let slice: Int32 = 100
}

/// The bytes of a request's content where curl finds them until the exchange is over.
private final class Content {
    let bytes: UnsafeMutableRawPointer?
    let count: Int

    init(_ body: [UInt8]?) {
        count = body?.count ?? 0
        bytes = body.map { body in
            let memory = UnsafeMutableRawPointer.allocate(byteCount: max(body.count, 1), alignment: 1)
            body.withUnsafeBytes { memory.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(memory), byteCount: $0.count) }
            return memory
        }
    }

    deinit { bytes?.deallocate() }
}
