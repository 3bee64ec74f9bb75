// Texts: everything that the pages say, in one language, whole: what its own table lacks is there in English.

/// The texts of one language.
package struct Texts: Sendable {
    /// BCP 47, such as `de` or `pt-br`: `lang` of the pages.
    package let language: String
    /// Which way its script goes.
    package let direction: Direction
    private let messages: [Message]
    private let scopes: [String: String]

    package enum Direction: String, Sendable {
        case leftToRight = "ltr"
        case rightToLeft = "rtl"
    }

    init(language: String, direction: Direction, messages: [Message], scopes: [String: String]) {
        self.language = language
        self.direction = direction
        self.messages = messages
        self.scopes = scopes
    }

    func message(_ index: Int) -> Message { messages[index] }

    /// What somebody allows with a scope, for the consent page: the group `scopes` of the table. nil for a scope that it has not, whose
    /// own description is to be shown.
    package func sentence(ofScope name: String) -> String? { scopes[name] }
}
