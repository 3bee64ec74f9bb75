// What people are called to clients (OpenID Connect Core 1.0 §8.1).

import OAuth
import Store
import Testing

@Suite struct SubjectsTests {
    private let subjects = Subjects(key: [UInt8](repeating: 1, count: 32))

    private func subject(_ members: String, user: String = "u-1", by subjects: Subjects? = nil) throws -> String {
        let client = try AuthorizationRequestTests.client("{\(members)}")
        return (subjects ?? self.subjects).subject(of: UserID(user), for: client)
    }

    private func pairwise(_ redirectURI: String, more: String = "") -> String {
        #""redirect_uris":["\#(redirectURI)"],"subject_type":"pairwise"\#(more)"#
    }

    @Test("usually it is the account's id")
    func usual() throws {
        #expect(try subject(#""redirect_uris":["https://a.example/cb"]"#) == "u-1")
    }

    @Test("pairwise, it is another for each person, sector and service, and says nothing of any")
    func differs() throws {
        let one = try subject(pairwise("https://a.example/cb"))
        #expect(one.utf8.count == 43 && !one.contains("u-1"))
        #expect(try subject(pairwise("https://a.example/cb"), user: "u-2") != one)
        #expect(try subject(pairwise("https://b.example/cb")) != one)
        #expect(try subject(pairwise("https://a.example/cb"), by: Subjects(key: [UInt8](repeating: 2, count: 32))) != one)
    }

    @Test(
        "the sector is the host of sector_identifier_uri, else of the redirect URIs; what is nobody's host is the client's own sector",
        arguments: [
            ("https://a.example/cb", "", "a.example"), ("https://A.Example:8443/cb?x", "", "a.example"),
            ("https://[2001:db8::1]:8443/cb", "", "[2001:db8::1]"),
            ("https://a.example/cb", #","sector_identifier_uri":"https://s.example/uris.json""#, "s.example"),
            ("http://127.0.0.1:4000/cb", "", "client:app"), ("com.example.app:/cb", "", "client:app"),
        ])
    func sector(_ redirectURI: String, _ more: String, _ sector: String) throws {
        #expect(try AuthorizationRequestTests.client("{\(pairwise(redirectURI, more: more))}").sector == sector)
    }
}
