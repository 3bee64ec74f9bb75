// MetadataMembers: the members of client metadata, each read into its type with its bounds. What is wrong is told by the member's name.

import MartletEncoding
import MartletVerifier

/// A JSON object of client metadata. `null` reads as left out.
struct MetadataMembers {
    private let json: JSONValue

    /// Elements of a list, at most.
    private static let maximumElements = 32
    /// Bytes of an address, at most.
    private static let maximumURI = 2048

    init(_ json: JSONValue) { self.json = json }

    func text(_ name: String, maximum: Int) throws(OAuthError) -> String? {
        guard let value = member(name) else { return nil }
        guard let text = value.string, text.utf8.count <= maximum, text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { throw Self.wrong(name, "must be text of at most \(maximum) bytes") }
        return text.isEmpty ? nil : text
    }

    func optionalTexts(_ name: String) throws(OAuthError) -> [String]? {
        guard let value = member(name) else { return nil }
        guard let texts = value.strings, texts.count <= Self.maximumElements,
            texts.allSatisfy({ (1...Self.maximumURI).contains($0.utf8.count) })
        else { throw Self.wrong(name, "must be an array of at most \(Self.maximumElements) texts") }
        return texts
    }

    func texts(_ name: String) throws(OAuthError) -> [String] { try optionalTexts(name) ?? [] }

    func flag(_ name: String) throws(OAuthError) -> Bool {
        guard let value = member(name) else { return false }
        guard let flag = value.bool else { throw Self.wrong(name, "must be true or false") }
        return flag
    }

    /// A span of at most ten years.
    func seconds(_ name: String) throws(OAuthError) -> Int64? {
        guard let value = member(name) else { return nil }
        guard let seconds = value.integer, (0...315_360_000).contains(seconds) else { throw Self.wrong(name, "must be seconds") }
        return seconds
    }

    func choice<Value>(_ name: String, _ choices: [String: Value]) throws(OAuthError) -> Value? {
        guard let text = try text(name, maximum: 64) else { return nil }
        guard let value = choices[text] else { throw Self.wrong(name, "must be one of \(choices.keys.sorted().joined(separator: ", "))") }
        return value
    }

    /// The text of an object.
    func object(_ name: String) throws(OAuthError) -> [UInt8]? {
        guard let value = member(name) else { return nil }
        guard value.isObject, value.json.count <= 65_536 else { throw Self.wrong(name, "must be an object of at most 64 KiB") }
        return Array(value.json)
    }

    /// An https address that people or this service are sent to.
    func pageURI(_ name: String) throws(OAuthError) -> String? {
        guard let text = try text(name, maximum: Self.maximumURI) else { return nil }
        guard text.utf8.starts(with: "https://".utf8), (try? RedirectURI(registering: text)) != nil else {
            throw Self.wrong(name, "must be an https address")
        }
        return text
    }

    func redirectURIs(_ name: String) throws(OAuthError) -> [RedirectURI] {
        var uris: [RedirectURI] = []
        for text in try texts(name) {
            do throws(OAuthError) {
                uris.append(try RedirectURI(registering: text))
            } catch {
                throw OAuthError(error.code, error.description, member: name)
            }
        }
        return uris
    }

    func scope(_ name: String) throws(OAuthError) -> ScopeSet? {
        guard let text = try text(name, maximum: 4096) else { return nil }
        do throws(OAuthError) {
            return try ScopeSet(parsing: text)
        } catch {
            throw Self.wrong(name, "must be scope names with one space between, \(ScopeSet.maximumCount) at most")
        }
    }

    func logoutAddress(_ prefix: String) throws(OAuthError) -> ClientMetadata.LogoutAddress? {
        let name = "\(prefix)_uri"
        guard let uri = try text(name, maximum: Self.maximumURI) else { return nil }
        // SecureURL: no fragment, no user, and http on this machine alone.
        guard SecureURL(uri) != nil, (try? RedirectURI(registering: uri)) != nil else {
            throw Self.wrong(name, "must be an https address, or http on a loopback address")
        }
        return ClientMetadata.LogoutAddress(uri: uri, needsSession: try flag("\(prefix)_session_required"))
    }

    private func member(_ name: String) -> JSONValue? { json[name].flatMap { $0.isNull ? nil : $0 } }

    private static func wrong(_ name: String, _ what: String) -> OAuthError {
        OAuthError(.invalidClientMetadata, "\(name) \(what).", member: name)
    }
}
