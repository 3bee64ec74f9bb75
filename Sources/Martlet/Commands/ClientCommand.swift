// martlet client: clients of the authorization server, from the machine that the database is on. A secret is printed by the command
// that made it, once, and comes in no argument.

import ArgumentParser
import MartletEncoding
import MartletThreads
import OAuth
import Store
import Web

struct ClientCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "Register, list and remove OAuth clients.",
        discussion: "What a command changes is in force in a running service within a second.",
        subcommands: [Add.self, List.self, Show.self, RotateSecret.self, Remove.self])

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Register a client. Its secret is printed once.",
            discussion: """
                A web application:
                  martlet client add --name Shop --redirect-uri https://shop.example/callback
                An application in a browser or on a phone, which can keep no secret:
                  martlet client add --name Reader --public --redirect-uri http://127.0.0.1/callback
                A machine:
                  martlet client add --name Billing --grant client_credentials --scope 'invoices:read'

                Everything else that a client can be (RFC 7591 §2) goes into the file of --metadata, a JSON object with members \
                such as redirect_uris, jwks, subject_type or backchannel_logout_uri; options win over it. The policy members \
                first_party, access_ttl, refresh_ttl, session_ttl, may_combine_resources, token_exchange, exchange_from and exchange_to \
                may stand there, too.
                """)

        @OptionGroup var settings: DatabaseFlags
        @Option(help: "The client_id. Default: a new one.") var id: String?
        @Option(help: "The name that people are shown.") var name: String?
        @Option(name: .customLong("redirect-uri"), help: "Where answers may go; may be given again.") var redirectURIs: [String] = []
        @Option(
            name: .customLong("grant"),
            help: """
                A grant type: authorization_code, refresh_token, client_credentials, or the URNs of the device code and of token \
                exchange; may be given again. Default: authorization_code and refresh_token.
                """) var grants: [String] = []
        @Flag(name: .customLong("public"), help: "The client has nothing to prove who it is by.") var isPublic = false
        @Option(help: "How it proves who it is: client_secret_basic, client_secret_post, private_key_jwt or none.")
        var authMethod: String?
        @Option(help: "The scopes it may ask for, in one argument. Default: all that anybody may.") var scope: String?
        @Option(name: .customLong("resource"), help: "An API that its tokens may be for; may be given again. Default: any.")
        var resources: [String] = []
        @Option(help: "A file with its public keys, a JWK Set, for private_key_jwt.") var jwks: String?
        @Flag(help: "People need not be asked: it is the operator's own.") var firstParty = false
        @Option(help: "What it may exchange tokens for (RFC 8693): off, delegation (the new one says who acts) or impersonation.")
        var tokenExchange: String?
        @Option(
            name: .customLong("exchange-from"),
            help: "A client whose tokens it may exchange, besides those for its own --resource; may be given again.")
        var exchangeFrom: [String] = []
        @Option(
            name: .customLong("exchange-to"),
            help: "An API that the new token may be for, besides those of the other token; may be given again.")
        var exchangeTo: [String] = []
        @Option(help: "A file with a JSON object of metadata, or - for standard input.") var metadata: String?
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            guard !isPublic || authMethod == nil || authMethod == ClientAuthenticationMethod.none.rawValue else {
                throw ValidationError("--public and --auth-method say different things.")
            }
        }

        func run() throws {
            let document = try JSONDocument(parsing: try members())
            let installation = try settings.open(mayMake: true)
            defer { installation.store.close() }
            let registrar = try installation.clientRegistrar()
            let draft = try telling {
                try registrar.make(
                    try ClientMetadata(parsing: document.root), policy: try ClientPolicy(parsing: document.root), id: id,
                    origin: .operator, at: SystemClock.now())
            }
            let isNew = try telling {
                try installation.store.write { transaction throws(StoreError) in
                    try transaction.addClient(draft.record, audit: commandLine)
                }
            }
            guard isNew else { throw CommandFailure("There is a client \(draft.record.id) already.") }
            show(draft, json: json, "Registered the client \(draft.record.id).")
        }

        /// One object of the file's members and the options.
        private func members() throws -> [UInt8] {
            let file = try metadata.map(ClientCommand.object(in:))
            let keys = try jwks.map(ClientCommand.object(in:))
            var own: [(name: String, json: [UInt8])] = []
            func add(_ member: String, _ write: (inout JSONWriter) -> Void) {
                var writer = JSONWriter()
                write(&writer)
                own.append((member, writer.bytes))
            }
            if let name { add("client_name") { $0.string(name) } }
            if !redirectURIs.isEmpty { add("redirect_uris") { $0.array(of: redirectURIs) } }
            if !grants.isEmpty {
                add("grant_types") { $0.array(of: grants) }
            } else if file?.root["grant_types"] == nil {
                add("grant_types") { $0.array(of: [GrantType.authorizationCode.rawValue, GrantType.refreshToken.rawValue]) }
            }
            if let method = isPublic ? ClientAuthenticationMethod.none.rawValue : authMethod {
                add("token_endpoint_auth_method") { $0.string(method) }
            }
            if let scope { add("scope") { $0.string(scope) } }
            if !resources.isEmpty { add("resources") { $0.array(of: resources) } }
            if let keys { add("jwks") { $0.raw(Array(keys.root.json)) } }
            if firstParty { add("first_party") { $0.bool(true) } }
            if let tokenExchange { add("token_exchange") { $0.string(tokenExchange) } }
            if !exchangeFrom.isEmpty { add("exchange_from") { $0.array(of: exchangeFrom) } }
            if !exchangeTo.isEmpty { add("exchange_to") { $0.array(of: exchangeTo) } }
            let kept = (file?.root.members ?? []).filter { member in !own.contains { $0.name == member.name } }
            return JSONWriter.object { writer in
                for (name, json) in kept.map({ ($0.name, Array($0.value.json)) }) + own.map({ ($0.name, $0.json) }) {
                    writer.name(name)
                    writer.raw(json)
                }
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List clients, newest first.")

        @OptionGroup var settings: DatabaseFlags
        @Option(help: "At most so many.") var limit = 100
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let installation = try settings.open()
            defer { installation.store.close() }
            var records: [OAuthClient] = []
            var cursor: String?
            repeat {
                let page = Page(limit: min(limit - records.count, Page.maximumLimit), cursor: cursor)
                let listing = try telling { try installation.store.read { reads throws(StoreError) in try reads.clients(page: page) } }
                records += listing.items
                cursor = listing.next
            } while cursor != nil && records.count < limit
            let clients = try records.map { record in (record, try telling { try Client(record) }) }
            if json {
                let items = clients.map { record, client in
                    String(decoding: JSONWriter.object { Representation.write(line: record, client, to: &$0) }, as: UTF8.self)
                }
                return Terminal.print("[\(items.joined(separator: ","))]")
            }
            Terminal.print(
                Terminal.table(
                    ["CLIENT_ID", "NAME", "AUTHENTICATION", "GRANTS", "ORIGIN", "CREATED"],
                    clients.map { record, client in
                        [
                            record.id, client.metadata.name.isEmpty ? "-" : client.metadata.name,
                            client.metadata.authenticationMethod.rawValue,
                            GrantType.allCases.filter(client.metadata.grants.contains).map(Self.short).joined(separator: ","),
                            record.origin.rawValue, record.createdAt.rfc3339,
                        ]
                    }))
        }

        /// Of a URN its last part.
        private static func short(_ grant: GrantType) -> String { grant.rawValue.split(separator: ":").last.map(String.init) ?? "" }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a client. Its secret is not kept, so it cannot be shown.")

        @OptionGroup var target: Target

        func run() throws {
            let installation = try target.settings.open()
            defer { installation.store.close() }
            let id = target.id
            let record = try telling { try installation.store.read { reads throws(StoreError) in try reads.client(id) } }
            guard let record else { throw CommandFailure("There is no client \(id).") }
            show(try telling { try ClientDraft(of: record) }, json: target.json, nil)
        }
    }

    struct RotateSecret: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a new secret for a client. It is printed once; the one before is dead at once.")

        @OptionGroup var target: Target

        func run() throws {
            let installation = try target.settings.open()
            defer { installation.store.close() }
            let registrar = try installation.clientRegistrar()
            let (id, now) = (target.id, SystemClock.now())
            let change = try telling {
                try installation.store.write { transaction throws(StoreError) in
                    try transaction.changeClient(id, audit: commandLine, at: now, registrar.rotatingSecret)
                }
            }
            switch change {
            case .changed(let draft): show(draft, json: target.json, "Made a new secret for the client \(id).")
            case .notFound, .versionMismatch: throw CommandFailure("There is no client \(id).")
            case .refused(let error): throw CommandFailure(error.description)
            }
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a client. Its tokens and sessions end, and what people let it have is forgotten.")

        @OptionGroup var target: Target

        func run() throws {
            let installation = try target.settings.open()
            defer { installation.store.close() }
            let (id, now) = (target.id, SystemClock.now())
            let isRemoved = try telling {
                try installation.store.write { transaction throws(StoreError) in
                    try transaction.removeClient(id, audit: commandLine, at: now)
                }
            }
            guard isRemoved else { throw CommandFailure("There is no client \(id).") }
            let bytes = JSONWriter.object { $0.member("removed", id) }
            Terminal.print(target.json ? String(decoding: bytes, as: UTF8.self) : "Removed the client \(id); its tokens are dead.")
        }
    }

    /// A client that is there.
    struct Target: ParsableArguments {
        @OptionGroup var settings: DatabaseFlags
        @Argument(help: "The client_id.") var id: String
        @Flag(help: "Print JSON.") var json = false
    }

    /// The JSON object in a file, or on standard input.
    private static func object(in path: String) throws -> JSONDocument {
        let bytes: [UInt8]?
        if path == "-" {
            var text = ""
            while let line = readLine(strippingNewline: false), text.utf8.count < 1 << 20 { text += line }
            bytes = Array(text.utf8)
        } else {
            bytes = File.read(path, limit: 1 << 20)
        }
        let name = path == "-" ? "Standard input" : path
        guard let bytes else { throw CommandFailure("\(name) cannot be read.") }
        let document: JSONDocument
        do throws(JSONError) { document = try JSONDocument(parsing: bytes) } catch { throw CommandFailure("\(name): \(error)") }
        guard document.root.isObject else { throw CommandFailure("\(name) must hold one JSON object.") }
        return document
    }
}

/// A client in JSON, or its members in lines with a secret last and told apart.
private func show(_ draft: ClientDraft, json: Bool, _ sentence: String?) {
    let bytes = Representation.client(draft)
    if json { return Terminal.print(String(decoding: bytes, as: UTF8.self)) }
    if let sentence { Terminal.print(sentence + "\n") }
    let members = (try? JSONDocument(parsing: bytes))?.root.members ?? []
    let rows = members.filter { $0.name != "client_secret" }.map { name, value in
        [name, value.strings?.joined(separator: " ") ?? value.string ?? String(decoding: value.json, as: UTF8.self)]
    }
    let width = rows.map { $0[0].count }.max() ?? 0
    for row in rows { Terminal.print(row[0] + String(repeating: " ", count: width - row[0].count) + "  " + row[1]) }
    if let secret = draft.secret { Terminal.print("\nclient_secret  \(secret)\nIt is shown this once: keep it now.") }
}

extension JSONWriter {
    fileprivate mutating func array(of texts: [String]) {
        array { writer in
            for text in texts { writer.string(text) }
        }
    }
}
