// What a gateway changes in a message that it passes on: the fields that belong to one connection go (RFC 9110 §7.6.1), those that
// tell the next server where the request came from are added. Everything else stays as it is.

extension RelayedRequest {
    /// The request as the old service gets it: `Host` as the frontend wrote it, the client's address added to `X-Forwarded-For`.
    /// - Parameters:
    ///   - peer: the address of who asked; nil for a peer without one.
    ///   - plain: whether the answer is to come without a content coding, so that it can be compared.
    package func passedOn(from peer: String?, plain: Bool) -> RelayedRequest {
        var request = self
        request.fields = fields.endToEnd
        request.fields.note(peer)
        if plain, request.fields.contains(where: { $0.name == "accept-encoding" }) {
            request.fields.replace("accept-encoding", with: "identity")
        }
        // RFC 9110 §7.6.3: a gateway says in each request that it stood between.
        request.fields.append(RelayedField("via", "1.1 martlet-shadow"))
        return request
    }

    /// The request as Martlet is asked it: to its own name, plain, and under an id that its log and the report share.
    package func asked(ofHost host: String, from peer: String?, id: String) -> RelayedRequest {
        var request = self
        request.fields = fields.endToEnd
        request.fields.note(peer)
        request.fields.replace("host", with: host)
        request.fields.replace("accept-encoding", with: "identity")
        request.fields.replace("x-request-id", with: id)
        return request
    }
}

extension RelayedAnswer {
    /// The answer as the frontend gets it.
    package var passedOn: RelayedAnswer {
        RelayedAnswer(status: status, fields: fields.endToEnd, body: body)
    }
}

extension [RelayedField] {
    /// Without the fields of one connection, and those about the length of the content, which whoever sends it writes.
    fileprivate var endToEnd: [RelayedField] {
        let named = texts("connection").flatMap { $0.split(separator: ",") }
            .map { option in option.filter { $0 != " " && $0 != "\t" }.lowercased() }
        return filter { !Self.ofOneConnection.contains($0.name) && (!named.contains($0.name) || Self.isForAll($0.name)) }
    }

    /// RFC 9110 §7.6.1: fields for all who receive a message are none that `Connection` may name. A client could so take away what
    /// the proxy in front said about it.
    private static func isForAll(_ name: String) -> Bool {
        forAll.contains(name) || name.hasPrefix("x-forwarded-")
    }

    /// Takes every field of this name away and appends this one.
    fileprivate mutating func replace(_ name: String, with value: String) {
        removeAll { $0.name == name }
        append(RelayedField(name, value))
    }

    /// Adds the address of who asked to the chain.
    fileprivate mutating func note(_ peer: String?) {
        guard let peer else { return }
        replace("x-forwarded-for", with: (texts("x-forwarded-for") + [peer]).joined(separator: ", "))
    }

    private static var forAll: Set<String> { ["authorization", "cookie", "forwarded", "host", "x-real-ip"] }

    private static var ofOneConnection: Set<String> {
        [
            "connection", "content-length", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
        ]
    }
}
