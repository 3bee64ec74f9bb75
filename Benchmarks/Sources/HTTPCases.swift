// HTTPCases: a request's head as browsers and API clients send it.

import HTTP
import MartletEncoding

enum HTTPCases {
    static func all() -> [Case] {
        let small = "GET /healthz HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"
        let fields = [
            "Host: api.example.com", "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101", "Accept: application/json",
            "Accept-Language: en-GB,en;q=0.5", "Accept-Encoding: gzip, deflate, br",
            "Authorization: Bearer " + String(repeating: "x", count: 480), "Origin: https://app.example.com", "Connection: keep-alive",
            "Referer: https://app.example.com/", "Sec-Fetch-Dest: empty", "Sec-Fetch-Mode: cors", "Sec-Fetch-Site: same-site",
        ]
        let bearer = "GET /api/v1/users/me HTTP/1.1\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
        return [parse("parse head, 2 lines", small), parse("parse head, browser with a token", bearer)]
    }

    private static func parse(_ name: String, _ text: String) -> Case {
        let bytes = Array(text.utf8)
        return Case(name: name) { count in
            for _ in 0..<count {
                var copy = bytes
                var parser = RequestHeadParser(limits: Limits())
                let parsed = copy.withUnsafeMutableBufferPointer { bytes in try? parser.parse(bytes) }
                precondition(parsed != nil)
            }
        }
    }
}
