// What a connection makes of bytes, as a table. Every row is fed whole, byte by byte, and in random pieces: the verdict
// depends on the bytes and never on how they were split.

import HTTP
import Testing

/// One row: bytes (`|` stands for CRLF), what comes of them, why.
struct Row: Sendable, CustomTestStringConvertible {
    let bytes: String
    let outcome: String
    let reason: String

    init(_ bytes: String, _ outcome: String, _ reason: String) {
        self.bytes = bytes.replacing("|", with: "\r\n")
        self.outcome = outcome
        self.reason = reason
    }

    var testDescription: String { reason }
}

struct ConnectionTableTests {
    @Test("bytes become requests and refusals", arguments: requestLines + fields + framing + chunked + sequences)
    func whole(_ row: Row) {
        let bytes = Array(row.bytes.utf8)
        #expect(transcript([bytes[...]], limits: Self.limits) == row.outcome)
    }

    @Test("the same bytes one at a time, and in random pieces", arguments: requestLines + fields + framing + chunked + sequences)
    func split(_ row: Row) {
        let bytes = Array(row.bytes.utf8)
        // Whether 100 Continue is sent depends on what has arrived, as it should (RFC 9110 §10.1.1).
        let expected = row.outcome.replacing("100 ", with: "")
        let single = transcript(bytes.indices.map { bytes[$0...$0] }, limits: Self.limits)
        #expect(single.replacing("100 ", with: "") == expected)
        for _ in 0..<8 {
            var pieces = [ArraySlice<UInt8>]()
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...min(rest.count, 40))
                pieces.append(rest.prefix(count))
                rest = rest.dropFirst(count)
            }
            #expect(transcript(pieces, limits: Self.limits).replacing("100 ", with: "") == expected, "\(pieces.map(\.count))")
        }
    }

    @Test("bytes that were damaged on the way trap nothing, and their verdict does not depend on the splits either")
    func damaged() {
        let rows = Self.requestLines + Self.fields + Self.framing + Self.chunked + Self.sequences
        for _ in 0..<5 {
            for row in rows {
                var bytes = Array(row.bytes.utf8)
                for _ in 0..<Int.random(in: 1...3) {
                    let place = bytes.indices.randomElement() ?? 0
                    switch Int.random(in: 0..<4) {
                    case 0: bytes[place] = UInt8.random(in: 0...255)
                    case 1: bytes.insert(Array("\r\n\0 :%;,/.\t".utf8).randomElement() ?? 0, at: place)
                    case 2 where bytes.count > 1: bytes.remove(at: place)
                    default: bytes.append(contentsOf: bytes[place...].prefix(20))
                    }
                }
                let whole = transcript([bytes[...]], limits: Self.limits).replacing("100 ", with: "")
                let single = transcript(bytes.indices.map { bytes[$0...$0] }, limits: Self.limits).replacing("100 ", with: "")
                #expect(whole == single, "\(bytes)")
            }
        }
    }

    static let limits: Limits = {
        var limits = Limits()
        limits.requestLine = 64
        limits.headerSection = 512
        limits.headerFields = 6
        return limits
    }()

    static let requestLines = [
        Row("GET / HTTP/1.1|Host: a||", "GET /", "the simplest request"),
        Row("GET /a/b?c=d HTTP/1.1|Host: a||", "GET /a/b", "the query is no part of the path"),
        Row("PUT /a HTTP/1.1|Host: a||", "PUT /a", "PUT"),
        Row("DELETE /a HTTP/1.1|Host: a||", "DELETE /a", "DELETE"),
        Row("PATCH /a HTTP/1.1|Host: a||", "PATCH /a", "PATCH"),
        Row("HEAD /a HTTP/1.1|Host: a||", "HEAD /a", "HEAD"),
        Row("BREW /pot HTTP/1.1|Host: a||", "OTHER /pot", "an unknown method is a valid token"),
        Row("get / HTTP/1.1|Host: a||", "OTHER /", "methods are case-sensitive"),
        Row("OPTIONS * HTTP/1.1|Host: a||", "OPTIONS *", "asterisk-form"),
        Row("GET * HTTP/1.1|Host: a||", "400", "asterisk-form is for OPTIONS only"),
        Row("GET http://b/x HTTP/1.1|Host: a||", "GET /x", "absolute-form"),
        Row("GET HTTPS://b:8443/x HTTP/1.1|Host: a||", "GET /x", "a scheme is case-insensitive"),
        Row("GET http://b HTTP/1.1|Host: a||", "GET /", "absolute-form without a path"),
        Row("GET http:///x HTTP/1.1|Host: a||", "400", "absolute-form without an authority"),
        Row("GET http://u@b/x HTTP/1.1|Host: a||", "400", "user information in an authority"),
        Row("GET ftp://b/x HTTP/1.1|Host: a||", "400", "another scheme"),
        Row("GET a/b HTTP/1.1|Host: a||", "400", "a target that does not begin with a slash"),
        Row("CONNECT a:443 HTTP/1.1|Host: a||", "501", "CONNECT"),
        Row("GET / HTTP/1.0||", "GET /+close", "HTTP/1.0 needs no Host and closes"),
        Row("GET / HTTP/1.0|Connection: keep-alive||", "GET /", "HTTP/1.0 that asks to stay"),
        Row("GET / HTTP/1.2|Host: a||", "GET /", "a later minor version is served as 1.1"),
        Row("GET / HTTP/2.0|Host: a||", "505", "another major version"),
        Row("PRI * HTTP/2.0||SM||", "505", "HTTP/2 with prior knowledge"),
        Row("GET / HTTP/1.10|Host: a||", "400", "a version of two digits"),
        Row("GET / http/1.1|Host: a||", "400", "the version is case-sensitive"),
        Row("GET /|", "400", "HTTP/0.9"),
        Row("GET  / HTTP/1.1|Host: a||", "400", "two spaces before the target"),
        Row("GET /  HTTP/1.1|Host: a||", "400", "two spaces after the target"),
        Row("GET / HTTP/1.1 |Host: a||", "400", "a space after the version"),
        Row(" GET / HTTP/1.1|Host: a||", "400", "a space before the method"),
        Row("GET\t/ HTTP/1.1|Host: a||", "400", "a tab in place of a space"),
        Row("G(T / HTTP/1.1|Host: a||", "400", "a method that is no token"),
        Row("GET /a b HTTP/1.1|Host: a||", "400", "a space in the target"),
        Row("GET /a#b HTTP/1.1|Host: a||", "400", "a fragment in the target"),
        Row("GET /\u{e9} HTTP/1.1|Host: a||", "400", "bytes beyond ASCII in the target"),
        Row("GET /\u{0} HTTP/1.1|Host: a||", "400", "NUL in the target"),
        Row("||GET / HTTP/1.1|Host: a||", "GET /", "empty lines before the request line"),
        Row("||||||GET / HTTP/1.1|Host: a||", "400", "too many empty lines before the request line"),
        Row("\u{16}\u{3}\u{1}", "400", "a TLS hello is refused at its first byte"),
        Row(
            "GET /" + String(repeating: "a", count: 50) + " HTTP/1.1|Host: a||", "GET /" + String(repeating: "a", count: 50),
            "the longest request line"),
        Row("GET /" + String(repeating: "a", count: 51) + " HTTP/1.1|Host: a||", "414", "a request line one byte too long"),
        Row("GET /" + String(repeating: "a", count: 500), "414", "a request line without an end"),
        Row("@" + String(repeating: "a", count: 500), "400", "what cannot begin a request, however long it is"),
        Row("GET / HTTP/1.1\nHost: a\n\n", "400", "bare LF after the request line"),
        Row("GET / HTTP/1.1|Host: a\n|", "400", "bare LF after a field"),
        Row("GET / HTTP/1.1|Host: a|\n", "400", "bare LF at the end of the head"),
        Row("GET / HTTP/1.1\rHost: a||", "400", "bare CR after the request line"),
        Row("GET / HTTP/1.1|Ho", "…", "an unfinished head"),
    ]

    static let fields = [
        Row("GET / HTTP/1.1||", "400", "Host is missing"),
        Row("GET / HTTP/1.1|Host: a|Host: a||", "400", "Host twice"),
        Row("GET / HTTP/1.1|Host: a b||", "400", "a space in Host"),
        Row("GET / HTTP/1.1|Host: a/b||", "400", "a slash in Host"),
        Row("GET / HTTP/1.1|Host: u@a||", "400", "user information in Host"),
        Row("GET / HTTP/1.1|Host: a:80x||", "400", "a port with a letter"),
        Row("GET / HTTP/1.1|Host: [::1]:80||", "GET /", "an IPv6 literal with a port"),
        Row("GET / HTTP/1.1|Host: [::1||", "400", "an IPv6 literal without its end"),
        Row("GET / HTTP/1.1|Host:||", "GET /", "an empty Host is allowed"),
        Row("GET / HTTP/1.1|HOST:\t a \t||", "GET /", "names in any case, white space around values"),
        Row("GET / HTTP/1.1|Host : a||", "400", "white space before the colon"),
        Row("GET / HTTP/1.1|Host: a|X: b| c||", "400", "obs-fold"),
        Row("GET / HTTP/1.1| Host: a||", "400", "white space before the first field"),
        Row("GET / HTTP/1.1|Host: a|X||", "400", "a field without a colon"),
        Row("GET / HTTP/1.1|Host: a|: b||", "400", "a field without a name"),
        Row("GET / HTTP/1.1|Host: a|X(y: b||", "400", "a field name that is no token"),
        Row("GET / HTTP/1.1|Host: a|X: b\u{0}c||", "400", "NUL in a value"),
        Row("GET / HTTP/1.1|Host: a|X: b\u{7f}||", "400", "DEL in a value"),
        Row("GET / HTTP/1.1|Host: a|X: b\rc||", "400", "bare CR in a value"),
        Row("GET / HTTP/1.1|Host: a|X: é||", "GET /", "obs-text in a value is opaque"),
        Row("GET / HTTP/1.1|Host: a|A:|B:|C:|D:|E:||", "GET /", "as many fields as are allowed"),
        Row("GET / HTTP/1.1|Host: a|A:|B:|C:|D:|E:|F:||", "431", "one field too many"),
        Row("GET / HTTP/1.1|Host: a|X: " + String(repeating: "x", count: 600) + "||", "431", "a header section that is too large"),
        Row("GET / HTTP/1.1|Host: a|X: " + String(repeating: "x", count: 600), "431", "a header section without an end"),
        Row("GET / HTTP/1.1|Host: a|Connection: close||", "GET /+close", "the client closes"),
        Row("GET / HTTP/1.1|Host: a|Connection: x, CLOSE||", "GET /+close", "close among other options"),
        Row("GET / HTTP/1.1|Host: a|Connection: x|Connection: close||", "GET /+close", "close in a second Connection field"),
        Row("GET / HTTP/1.0|Connection: keep-alive, close||", "GET /+close", "close wins over keep-alive"),
    ]

    static let framing = [
        Row("POST / HTTP/1.1|Host: a|Content-Length: 5||hello", "POST /=hello", "a fixed length"),
        Row("POST / HTTP/1.1|Host: a|Content-Length: 0||", "POST /", "length zero"),
        Row("POST / HTTP/1.1|Host: a||", "POST /", "no length is no body"),
        Row("POST / HTTP/1.1|Host: a|Content-Length: 5||hell", "…", "an unfinished body"),
        Row("POST / HTTP/1.1|Host: a|Content-Length: 16||0123456789abcdef", "POST /=0123456789abcdef", "the largest body"),
        Row("POST / HTTP/1.1|Host: a|Content-Length: 17||", "413", "refused before the body is read"),
        Row("POST / HTTP/1.1|Host: a|Content-Length: +5||hello", "400", "a signed length"),
        Row("POST / HTTP/1.1|Host: a|Content-Length: -1||", "400", "a negative length"),
        Row("POST / HTTP/1.1|Host: a|Content-Length: 0x5||hello", "400", "a hexadecimal length"),
        Row("POST / HTTP/1.1|Host: a|Content-Length: 5 5||hello", "400", "two numbers in one length"),
        Row("POST / HTTP/1.1|Host: a|Content-Length: 5, 5||hello", "400", "a list of lengths"),
        Row("POST / HTTP/1.1|Host: a|Content-Length:||", "400", "an empty length"),
        Row("POST / HTTP/1.1|Host: a|Content-Length: 5|Content-Length: 5||hello", "400", "the length twice, the same"),
        Row("POST / HTTP/1.1|Host: a|Content-Length: 5|Content-Length: 6||hello", "400", "the length twice, different"),
        Row("POST / HTTP/1.1|Host: a|Content-Length: 18446744073709551617||", "400", "a length that overflows"),
        Row("POST / HTTP/1.1|Host: a|Content-Length: 5|Transfer-Encoding: chunked||0||", "400", "both framings"),
        Row("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked|Content-Length: 5||0||", "400", "both framings, the other way round"),
        Row("POST / HTTP/1.1|Host: a|Transfer-Encoding: gzip, chunked||0||", "501", "a coding this service does not have"),
        Row("POST / HTTP/1.1|Host: a|Transfer-Encoding: xyz||", "501", "an unknown coding"),
        Row("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked, chunked||", "400", "chunked twice"),
        Row("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked, gzip||", "400", "chunked, but not last"),
        Row("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked|Transfer-Encoding: chunked||", "400", "chunked in two fields"),
        Row("POST / HTTP/1.1|Host: a|Transfer-Encoding: \"chunked\"||", "400", "a coding that is no token"),
        Row("POST / HTTP/1.1|Host: a|Transfer-Encoding: ,chunked||", "400", "an empty element"),
        Row("POST / HTTP/1.1|Host: a|Transfer-Encoding:||", "400", "an empty Transfer-Encoding"),
        Row("POST / HTTP/1.0|Transfer-Encoding: chunked||0||", "400", "chunked in HTTP/1.0"),
        Row("POST / HTTP/1.1|Host: a|Expect: 100-continue|Content-Length: 5||", "100 …", "100 Continue before the body"),
        Row("POST / HTTP/1.1|Host: a|Expect: 100-Continue|Content-Length: 0||", "POST /", "no 100 Continue without a body"),
        Row("POST / HTTP/1.0|Expect: 100-continue|Content-Length: 2||hi", "POST /=hi+close", "no 100 Continue for HTTP/1.0"),
        Row("POST / HTTP/1.1|Host: a|Expect: 100-continue|Content-Length: 99||", "413", "the 413 in place of 100 Continue"),
        Row("POST / HTTP/1.1|Host: a|Expect: tea||", "417", "another expectation"),
    ]

    static let chunked = [
        Row(chunkedHead + "5|hello|0||", "POST /=hello", "one chunk"),
        Row(chunkedHead + "2|he|3|llo|0||", "POST /=hello", "two chunks"),
        Row(chunkedHead + "0||", "POST /", "no chunk"),
        Row(chunkedHead + "0A|0123456789|0||", "POST /=0123456789", "hexadecimal sizes in any case, with a leading zero"),
        Row(chunkedHead + "2;a=b;c=\"d\"|hi|0;x||", "POST /=hi", "extensions are read over"),
        Row(chunkedHead + "2 ;a|hi|0||", "POST /=hi", "white space before an extension"),
        Row(chunkedHead + "2 |hi|0||", "400", "white space after a size"),
        Row(chunkedHead + "2|hi|0|A: b|C: d||", "POST /=hi", "trailers are dropped"),
        Row(chunkedHead + "2|hi|0|A b||", "400", "a trailer that is no field"),
        Row(chunkedHead + "2|hi|0| A: b||", "400", "a folded trailer"),
        Row(chunkedHead + "2|hi|0|: b||", "400", "a trailer without a name"),
        Row(chunkedHead + "2|hi|0|A: b\u{0}||", "400", "NUL in a trailer"),
        Row(chunkedHead + "2|hi|0|A: " + String(repeating: "x", count: 600) + "||", "431", "trailers that are too large"),
        Row(chunkedHead + "g|", "400", "a size that is no number"),
        Row(chunkedHead + "|", "400", "an empty size"),
        Row(chunkedHead + "-2|hi|", "400", "a signed size"),
        Row(chunkedHead + "0x2|hi|", "400", "a size with a prefix"),
        Row(chunkedHead + "2|hiX|0||", "400", "more than the size says"),
        Row(chunkedHead + "2|hi0||", "400", "a chunk without its CRLF"),
        Row(chunkedHead + "2\nhi\n0\n\n", "400", "bare LF in a chunk"),
        Row(chunkedHead + "2;a\nb|hi|0||", "400", "bare LF in an extension"),
        Row(chunkedHead + "2;a\rb|hi|0||", "400", "bare CR in an extension"),
        Row(chunkedHead + "2;" + String(repeating: "x", count: 5000) + "|hi|0||", "400", "an extension without end"),
        Row(chunkedHead + "11|", "413", "a chunk larger than the body may be"),
        Row(chunkedHead + "10|0123456789abcdef|1|x|0||", "413", "chunks that add up to too much"),
        Row(chunkedHead + "ffffffffffffffff|", "400", "a size that overflows"),
        Row(chunkedHead + "0000000000000000000005|", "400", "zeros without end"),
        Row(chunkedHead + "5|hel", "…", "an unfinished chunk"),
    ]

    static let sequences = [
        Row("GET /1 HTTP/1.1|Host: a||GET /2 HTTP/1.1|Host: a||", "GET /1 GET /2", "pipelined requests keep their order"),
        Row("POST /1 HTTP/1.1|Host: a|Content-Length: 2||hiGET /2 HTTP/1.1|Host: a||", "POST /1=hi GET /2", "a body and then a request"),
        Row(chunkedHead + "2|hi|0||GET /2 HTTP/1.1|Host: a||", "POST /=hi GET /2", "a chunked body and then a request"),
        Row("GET /1 HTTP/1.1|Host: a|Connection: close||GET /2 HTTP/1.1|Host: a||", "GET /1+close", "nothing after a close"),
        Row("GET /1 HTTP/1.1|Host: a||GET /2|", "GET /1 400", "a bad request after a good one"),
        Row("GET /1|GET /2 HTTP/1.1|Host: a||", "400", "nothing after a refusal"),
        Row("POST / HTTP/1.1|Host: a|Content-Length: 99||GET /2 HTTP/1.1|Host: a||", "413", "an unread body is no request"),
        Row("GET /1 HTTP/1.1|Host: a||||GET /2 HTTP/1.1|Host: a||", "GET /1 GET /2", "an empty line between requests"),
    ]

    private static let chunkedHead = "POST / HTTP/1.1|Host: a|Transfer-Encoding: Chunked||"
}
