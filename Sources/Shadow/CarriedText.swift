// The places of a message where tokens stand: credentials, cookies, members of JSON and fields of forms. One walk serves all who
// look there: what finds tokens, what replaces them, and what must not be repeated in a report.

import MartletEncoding

extension RelayedRequest {
    /// Walks over every text that a client may have put a secret into: the credentials, cookies, the strings of a JSON body or the
    /// values of a form. `visit` is given the place (`/refresh`, `cookie app-refresh`, `authorization`) and the text, and
    /// answers what stands there instead; nil leaves it.
    func replacing(_ visit: (_ place: String, _ text: String) -> String?) -> RelayedRequest {
        var request = self
        for index in fields.indices {
            switch fields[index].name {
            case "authorization": request.fields[index].value = Self.credentials(fields[index].text, visit)
            case "cookie": request.fields[index].value = Self.cookies(fields[index].text, visit)
            default: break
            }
        }
        guard let body, !body.isEmpty else { return request }
        if mediaType == "application/x-www-form-urlencoded" {
            request.body = Self.form(body, visit)
        } else if let document = try? JSONDocument(parsing: body) {
            request.body = Self.json(document, visit)
        }
        return request
    }

    /// Every such text.
    var carried: [(place: String, text: String)] {
        var found: [(String, String)] = []
        _ = replacing { place, text in
            found.append((place, text))
            return nil
        }
        return found
    }

    private static func credentials(_ text: String, _ visit: (String, String) -> String?) -> [UInt8] {
        let scheme = text.prefix { $0 != " " }
        let rest = text.dropFirst(scheme.count).drop { $0 == " " }
        // A field without a scheme is a secret all the same.
        guard !rest.isEmpty else { return Array((visit("authorization", text) ?? text).utf8) }
        return Array((visit("authorization", String(rest)).map { "\(scheme) \($0)" } ?? text).utf8)
    }

    private static func cookies(_ text: String, _ visit: (String, String) -> String?) -> [UInt8] {
        let pairs = text.split(separator: ";", omittingEmptySubsequences: false).map { pair -> String in
            guard let equals = pair.firstIndex(of: "=") else { return String(pair) }
            let name = pair[..<equals].filter { $0 != " " }
            let value = String(pair[pair.index(after: equals)...])
            return visit("cookie \(name)", value).map { "\(pair[...equals])\($0)" } ?? String(pair)
        }
        return Array(pairs.joined(separator: ";").utf8)
    }

    private static func form(_ body: [UInt8], _ visit: (String, String) -> String?) -> [UInt8] {
        let pairs = body.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false).map { pair -> [UInt8] in
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { return Array(pair) }
            func decoded(_ text: ArraySlice<UInt8>) -> String {
                String(decoding: PercentEncoding.decode(text, plusIsSpace: true) ?? Array(text), as: UTF8.self)
            }
            // Tokens are written with letters that need no escape.
            return visit("/" + decoded(pair[..<equals]), decoded(pair[(equals + 1)...])).map { pair[...equals] + Array($0.utf8) }
                ?? Array(pair)
        }
        return Array(pairs.joined(separator: [UInt8(ascii: "&")]))
    }

    private static func json(_ document: JSONDocument, _ visit: (String, String) -> String?) -> [UInt8] {
        var edits: [(range: Range<Int>, text: String)] = []
        document.root.forEachLeaf { place, value in
            guard let text = value.string ?? value.integer.map(String.init) else { return }
            if let instead = visit(place, text) { edits.append((value.json.startIndex..<value.json.endIndex, instead)) }
        }
        var bytes = document.bytes
        for edit in edits.reversed() {
            var writer = JSONWriter()
            writer.string(edit.text)
            bytes.replaceSubrange(edit.range, with: writer.bytes)
        }
        return bytes
    }
}

extension RelayedAnswer {
    /// The tokens of an answer by their places: signed texts wherever they stand, and what `access`, `refresh`, `token` and `key` name.
    var tokens: [String: String] {
        var found: [String: String] = [:]
        for cookie in SetCookie.all(of: fields) where TokenText(cookie.value) != nil { found["cookie \(cookie.name)"] = cookie.value }
        guard let document = try? JSONDocument(parsing: body) else { return found }
        document.root.forEachLeaf { place, value in
            guard found.count < Self.mostTokens, let text = value.string, !text.isEmpty else { return }
            let name = place.split(separator: "/").last.map(String.init) ?? ""
            if Self.tokenMembers.contains(name) || TokenText(text) != nil { found[place] = text }
        }
        return found
    }

    /// No answer of those packages has more than three.
    private static let mostTokens = 16
    private static let tokenMembers: Set<String> = ["access", "refresh", "token", "key"]
}

extension JSONValue {
    /// Walks over the values that are neither objects nor arrays, each with its pointer (RFC 6901), in the order of the text.
    func forEachLeaf(_ visit: (_ pointer: String, _ value: JSONValue) -> Void) {
        walk("", visit)
    }

    private func walk(_ pointer: String, _ visit: (String, JSONValue) -> Void) {
        if isObject {
            for (name, value) in members { value.walk(pointer + "/" + Self.escaped(name), visit) }
        } else if let elements {
            for (index, value) in elements.enumerated() { value.walk("\(pointer)/\(index)", visit) }
        } else {
            visit(pointer, self)
        }
    }

    /// RFC 6901 §3.
    static func escaped(_ name: String) -> String {
        String(name.flatMap { $0 == "~" ? "~0" : $0 == "/" ? "~1" : String($0) })
    }
}
