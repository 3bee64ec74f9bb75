// Which tokens stand for each other, and for how long that is known.

import Shadow
import Testing

struct TokenMapTests {
    let old = (access: token(#"{"jti":"old access"}"#), refresh: token(#"{"jti":"old refresh"}"#))
    let new = (access: token(#"{"jti":"new access"}"#), refresh: token(#"{"jti":"new refresh"}"#))
    let login = post("/api/token/", #"{"username":"ada","password":"a long password of hers"}"#)

    private func pair(_ tokens: (access: String, refresh: String)) -> RelayedAnswer {
        json(200, #"{"refresh":"\#(tokens.refresh)","access":"\#(tokens.access)"}"#)
    }

    private func mapped() -> (map: TokenMap, session: UInt64?) {
        let map = TokenMap()
        let session = map.note(login, pair(old))
        map.learn(old: pair(old), new: pair(new), used: [:])
        return (map, session)
    }

    private func translated(_ map: TokenMap, _ request: RelayedRequest) -> RelayedRequest? {
        guard case .request(let request, _) = map.translate(request) else { return nil }
        return request
    }

    @Test("after a login every place of a token has Martlet's")
    func places() {
        let (map, _) = mapped()
        #expect(
            translated(map, post("/x/", #"{"refresh" : "\#(old.refresh)" , "n":7}"#))
                == post("/x/", #"{"refresh" : "\#(new.refresh)" , "n":7}"#))
        let form = "application/x-www-form-urlencoded"
        #expect(
            translated(map, post("/x/", "a=%20&token=\(old.access)&b", type: form))
                == post("/x/", "a=%20&token=\(new.access)&b", type: form))
        for (name, before, after) in [
            ("authorization", "Bearer \(old.access)", "Bearer \(new.access)"),
            ("cookie", "a=1; app-auth=\(old.access); b=\"2\"", "a=1; app-auth=\(new.access); b=\"2\""),
        ] {
            let asked = RelayedRequest(
                method: "GET", target: "/x/", fields: [RelayedField(name, before), RelayedField("x-other", old.access)])
            #expect(translated(map, asked)?.fields == [RelayedField(name, after), RelayedField("x-other", old.access)])
        }
    }

    @Test("what is no token is asked as it is; a token that nobody knows is not asked at all")
    func unknown() {
        let (map, _) = mapped()
        for body in [#"{"token":"not.a.token"}"#, #"{"token":"some opaque text of length"}"#, "{", "", #"{"a":1,"a":2}"#] {
            #expect(translated(map, post("/x/", body)) == post("/x/", body))
        }
        #expect(translated(map, post("/x/", #"{"token":"\#(token(#"{"jti":"of nobody"}"#))"}"#)) == nil)
        #expect(translated(map, login) == login)
    }

    @Test("tokens without a counterpart, as after a login that Martlet refused, are not asked")
    func refused() {
        let map = TokenMap()
        #expect(map.note(login, pair(old)) != nil)
        map.learn(old: pair(old), new: json(401, "{}"), used: [:])
        #expect(translated(map, post("/x/", #"{"token":"\#(old.access)"}"#)) == nil)
    }

    @Test("requests of one session are one session's, by the tokens they bring and get; others have none")
    func sessions() {
        let (map, session) = mapped()
        let refresh = post("/api/token/refresh/", #"{"refresh":"\#(old.refresh)"}"#)
        let next = token(#"{"jti":"next"}"#)
        #expect(session != nil)
        #expect(map.note(refresh, json(200, #"{"access":"\#(next)"}"#)) == session)
        #expect(map.note(post("/x/", #"{"token":"\#(next)"}"#), json(200, "{}")) == session)
        #expect(map.note(login, json(401, "{}")) == nil)
        #expect(map.note(login, pair((token(#"{"jti":"b"}"#), token(#"{"jti":"c"}"#)))) != session)
    }

    @Test("where one side rotates and the other does not, the session goes on")
    func rotation() {
        let next = (access: token(#"{"jti":"next access"}"#), refresh: token(#"{"jti":"next refresh"}"#))
        let theirs = (access: token(#"{"jti":"their access"}"#), refresh: token(#"{"jti":"their refresh"}"#))
        let refresh = post("/api/token/refresh/", #"{"refresh":"\#(old.refresh)"}"#)
        func body(_ text: String) -> RelayedRequest { post("/x/", #"{"refresh":"\#(text)"}"#) }
        for (oldRotates, newRotates) in [(true, true), (true, false), (false, true)] {
            let (map, _) = mapped()
            guard case .request(_, let used) = map.translate(refresh) else {
                Issue.record("not mapped")
                return
            }
            let answers = [(next, oldRotates), (theirs, newRotates)].map { tokens, rotates in
                rotates ? pair(tokens) : json(200, #"{"access":"\#(tokens.access)"}"#)
            }
            _ = map.note(refresh, answers[0])
            map.learn(old: answers[0], new: answers[1], used: used)
            let current = oldRotates ? next.refresh : old.refresh
            #expect(translated(map, body(current)) == body(newRotates ? theirs.refresh : new.refresh), "\(oldRotates) \(newRotates)")
            #expect(translated(map, body(next.access)) == body(theirs.access))
        }
    }

    @Test("the map is bounded, and what is used is what stays")
    func bounded() {
        let map = TokenMap(capacity: 10)
        func answer(_ number: Int, _ side: String) -> RelayedAnswer {
            json(200, #"{"access":"\#(token(#"{"jti":"\#(side) \#(number)"}"#))"}"#)
        }
        func isKnown(_ number: Int) -> Bool {
            translated(map, post("/x/", #"{"token":"\#(token(#"{"jti":"old \#(number)"}"#))"}"#)) != nil
        }
        for number in 0..<1000 {
            _ = map.note(login, answer(number, "old"))
            map.learn(old: answer(number, "old"), new: answer(number, "new"), used: [:])
            #expect(isKnown(0), "asked for each time")
        }
        #expect(isKnown(999) && isKnown(992))
        #expect((1..<1000).count(where: isKnown) <= 20)
    }

    @Test("cookies are tokens' places, too")
    func cookies() {
        let map = TokenMap()
        let answers = [old, new].map { RelayedAnswer(status: 200, fields: [RelayedField("set-cookie", "app-auth=\($0.access); Path=/")]) }
        #expect(map.note(login, answers[0]) != nil)
        map.learn(old: answers[0], new: answers[1], used: [:])
        let asked = RelayedRequest(method: "GET", target: "/x/", fields: [RelayedField("cookie", "app-auth=\(old.access)")])
        #expect(translated(map, asked)?.fields == [RelayedField("cookie", "app-auth=\(new.access)")])
    }
}
