// Which servers are believed. The server is OpenSSL's own, with a certificate for "localhost" of an authority made for the test.

import ChildProcess
import MartletVerifier
import MartletVerifierCurl
import Testing

@Suite struct TLSTests {
    private let folder: TemporaryFolder
    private let server: ChildProcess
    private let port: String

    init() throws {
        _ = ScriptedServer.proxiedHeads
        folder = try TemporaryFolder()
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        _ = try ChildProcess.run(
            """
            openssl req -x509 \(key) -keyout ca.key -out ca.pem -subj /CN=Authority &&
            openssl req -x509 \(key) -keyout other.key -out other.pem -subj /CN=Other &&
            openssl req \(key) -keyout server.key -out server.csr -subj /CN=localhost &&
            echo subjectAltName=DNS:localhost > names &&
            openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names &&
            echo content > file
            """, in: folder.path)
        server = try ChildProcess("exec openssl s_server -accept 127.0.0.1:0 -cert server.pem -key server.key -WWW", in: folder.path)
        port = String(try server.line(with: "ACCEPT").split(separator: ":").last ?? "")
    }

    @Test func `a peer is believed for the authority that was named`() throws {
        let response = try get("localhost", CurlFetcher(caFile: folder.path + "/ca.pem"))
        #expect(response.status == 200)
        #expect(response.body == Array("content\n".utf8))
    }

    @Test func `behind a gate the certificate counts as ever`() throws {
        let fetcher = { (file: String) in CurlFetcher(caFile: folder.path + file, allowing: { $0 == .v4(0x7F00_0001) }) }
        #expect(try get("localhost", fetcher("/ca.pem")).status == 200)
        expectUntrusted("localhost", fetcher("/other.pem"))
    }

    @Test func `an authority that is not the system's is not believed`() throws {
        expectUntrusted("localhost", CurlFetcher())
    }

    @Test(arguments: ["other.pem", "missing.pem", "file"])
    func `only the authorities of the named file are believed`(file: String) throws {
        expectUntrusted("localhost", CurlFetcher(caFile: folder.path + "/" + file))
    }

    @Test func `a certificate for another name is not believed`() throws {
        expectUntrusted("127.0.0.1", CurlFetcher(caFile: folder.path + "/ca.pem"))
    }

    @Test func `a peer that speaks no TLS is not believed`() throws {
        try ScriptedServer.run { peer in
            peer.send("HTTP/1.1 200 OK\nContent-Length: 0\n\n")
        } _: { plain in
            expectUntrusted("127.0.0.1", CurlFetcher(), port: String(plain.port))
        }
    }

    private func get(_ host: String, _ fetcher: CurlFetcher, port: String? = nil) throws -> FetchResponse {
        let url = try #require(SecureURL("https://\(host):\(port ?? self.port)/file"))
        return try fetcher.get(FetchRequest(url: url))
    }

    private func expectUntrusted(_ host: String, _ fetcher: CurlFetcher, port: String? = nil) {
        do {
            let response = try get(host, fetcher, port: port)
            Issue.record("an answer with status \(response.status)")
        } catch {
            guard case .untrusted(let detail)? = error as? FetchFailure else {
                Issue.record("\(error)")
                return
            }
            #expect(!detail.isEmpty)
        }
    }
}
