// RelayedMessage: requests and answers on their way between a frontend, the old service and Martlet, as bytes that are passed on as
// they came.

/// A header field; its name in lower case.
package struct RelayedField: Sendable, Equatable {
    /// The name, in lower case.
    package var name: String
    /// The value, as it came.
    package var value: [UInt8]

    /// A field from its parts.
    package init(_ name: String, _ value: [UInt8]) {
        self.name = name
        self.value = value
    }

    /// A field whose value is text.
    package init(_ name: String, _ value: String) {
        self.init(name, Array(value.utf8))
    }

    /// The value as text.
    package var text: String { String(decoding: value, as: UTF8.self) }
}

/// What a frontend asked.
package struct RelayedRequest: Sendable, Equatable {
    /// The method as it was sent.
    package var method: String
    /// Path and query as they were sent.
    package var target: String
    /// The header fields in their order.
    package var fields: [RelayedField]
    /// The content; nil for none, which is not the same as an empty one.
    package var body: [UInt8]?

    /// A request from its parts.
    package init(method: String, target: String, fields: [RelayedField] = [], body: [UInt8]? = nil) {
        self.method = method
        self.target = target
        self.fields = fields
        self.body = body
    }

    /// The target without its query.
    package var path: String { String(target.prefix { $0 != "?" }) }

    /// The body's media type, in lower case and without parameters; empty when there is none.
    var mediaType: String { fields.mediaType }
}

/// What a service answered.
package struct RelayedAnswer: Sendable, Equatable {
    /// The status code.
    package var status: Int
    /// The header fields in their order.
    package var fields: [RelayedField]
    /// The content.
    package var body: [UInt8]

    /// An answer from its parts.
    package init(status: Int, fields: [RelayedField] = [], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// Whether its content is as the service wrote it, so that it can be read.
    package var isReadable: Bool {
        body.count <= Self.mostRead && fields.texts("content-encoding").allSatisfy { $0 == "identity" || $0.isEmpty }
    }

    /// The content's media type, in lower case and without parameters; empty when there is none.
    var mediaType: String { fields.mediaType }

    private static let mostRead = 256 << 10
}

extension [RelayedField] {
    /// The values of all fields of this name, in order.
    package func texts(_ name: String) -> [String] {
        filter { $0.name == name }.map(\.text)
    }

    fileprivate var mediaType: String {
        let value = texts("content-type").first ?? ""
        return value.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
    }
}
