// MarkupPlace: where in HTML a template's literal text has come to, so that a value can stand only where escaping makes it safe: in text
// and in quoted attribute values, never in a tag's or an attribute's name, a comment, a script, a style or a handler. It follows
// well-written HTML and refuses the rest; it is no parser of whatever browsers accept.

/// A place in HTML.
enum MarkupPlace: Equatable {
    /// Between tags.
    case text
    /// In an element that holds text alone: title, textarea.
    case plainText(String)
    /// In an element whose text is no text: script, style.
    case code(String)
    /// In a tag, before an attribute or the tag's end.
    case tag(String)
    /// In a tag, after its name, an attribute or a section, where a space or the tag's end must follow.
    case attributeEnd(String)
    /// In an attribute's name.
    case attributeName(tag: String, name: String)
    /// After an attribute's equals sign.
    case valueStart(tag: String, name: String)
    /// In a quoted value.
    case value(Attribute)
    /// In a comment or the doctype.
    case declaration(isComment: Bool)

    struct Attribute: Equatable {
        var tag: String
        var name: String
        var quote: UInt8
        /// Nothing of the value was written yet.
        var isEmpty: Bool
        /// A whole address was written: nothing but the quote may follow.
        var isComplete = false
    }

    /// What may be said of a value at this place; nil where none may stand.
    var allowed: Allowed? {
        switch self {
        case .text: .text
        case .plainText: .plain
        case .value(let attribute) where attribute.isComplete: nil
        case .value(let attribute) where Self.addresses.contains(attribute.name): attribute.isEmpty ? .address : nil
        case .value(let attribute) where attribute.name.hasPrefix("on") || Self.forbidden.contains(attribute.name): nil
        case .value: .plain
        default: nil
        }
    }

    enum Allowed: Equatable, Sendable {
        /// Text in which elements may stand.
        case text
        /// Text alone.
        case plain
        /// An address that is the whole of an attribute's value.
        case address
    }

    /// After a value was written here.
    mutating func passValue() {
        guard case .value(var attribute) = self else { return }
        attribute.isComplete = Self.addresses.contains(attribute.name)
        attribute.isEmpty = false
        self = .value(attribute)
    }

    /// What the inside of a section may begin as here; nil where no section may stand.
    var asSectionStart: MarkupPlace? {
        switch self {
        case .text, .plainText, .tag: self
        case .value(var attribute) where !Self.addresses.contains(attribute.name):
            {
                attribute.isEmpty = false
                return .value(attribute)
            }()
        default: nil
        }
    }

    /// Where a section that began at `start` leaves off; nil unless it is where it began, so that the text after it means the same
    /// whether the section is shown or not.
    func asSectionEnd(from start: MarkupPlace) -> MarkupPlace? {
        switch (start, self) {
        case (.tag(let tag), .tag), (.tag(let tag), .attributeEnd): .attributeEnd(tag)
        case (.tag(let tag), .attributeName): .attributeEnd(tag)
        default: self == start ? self : nil
        }
    }

    /// Moves on over literal text. Answers what is wrong with it, and at which offset.
    mutating func read(_ bytes: ArraySlice<UInt8>) -> (offset: Int, reason: String)? {
        var at = bytes.startIndex
        while at < bytes.endIndex {
            let byte = bytes[at]
            switch self {
            case .text:
                guard byte == UInt8(ascii: "<") else { break }
                let rest = bytes[(at + 1)...]
                if rest.first == UInt8(ascii: "!") {
                    self = .declaration(isComment: rest.starts(with: "!--".utf8))
                } else {
                    let isEnd = rest.first == UInt8(ascii: "/")
                    let name = Self.name(rest.dropFirst(isEnd ? 1 : 0))
                    guard !name.isEmpty else { return (at, "a < is neither a tag's nor written as &lt;") }
                    at += name.utf8.count + (isEnd ? 1 : 0)
                    self = .attributeEnd(isEnd ? "" : name)
                }
            case .plainText(let element), .code(let element):
                guard bytes[at...].starts(with: "</\(element)>".utf8) else { break }
                at += element.utf8.count + 2
                self = .text
            case .declaration(let isComment):
                guard byte == UInt8(ascii: ">") else { break }
                if !isComment || bytes[..<at].suffix(2).elementsEqual("--".utf8) { self = .text }
            case .tag(let tag), .attributeEnd(let tag):
                if byte == UInt8(ascii: ">") {
                    self = Self.inside(tag)
                } else if Self.isSpace(byte) || byte == UInt8(ascii: "/") {
                    self = .tag(tag)
                } else if case .attributeEnd = self {
                    return (at, "a space is missing in the tag")
                } else if Self.isNameByte(byte) {
                    self = .attributeName(tag: tag, name: Self.name(bytes[at...]))
                    at += Self.name(bytes[at...]).utf8.count - 1
                } else {
                    return (at, "an attribute's name was expected")
                }
            case .attributeName(let tag, let name):
                if byte == UInt8(ascii: "=") {
                    self = .valueStart(tag: tag, name: name)
                } else if byte == UInt8(ascii: ">") {
                    self = Self.inside(tag)
                } else if Self.isSpace(byte) {
                    self = .tag(tag)
                } else {
                    return (at, "an attribute's name was expected")
                }
            case .valueStart(let tag, let name):
                guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") else {
                    return (at, "an attribute's value must stand in quotes")
                }
                self = .value(Attribute(tag: tag, name: name, quote: byte, isEmpty: true))
            case .value(var attribute):
                if byte == attribute.quote {
                    self = .attributeEnd(attribute.tag)
                } else if attribute.isComplete {
                    return (at, "an address must be the whole of \(attribute.name)")
                } else {
                    attribute.isEmpty = false
                    self = .value(attribute)
                }
            }
            at += 1
        }
        return nil
    }

    private static func inside(_ tag: String) -> MarkupPlace {
        switch tag {
        case "title", "textarea": .plainText(tag)
        case "script", "style": .code(tag)
        default: .text
        }
    }

    private static func name(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.prefix(while: isNameByte), as: UTF8.self)
    }

    /// Lower case alone: one spelling of each name, so that no list here can be gone around.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == UInt8(ascii: "-")
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x09 }

    /// Attributes that hold one address.
    private static let addresses: Set<String> = ["action", "formaction", "href", "src"]
    /// Attributes in which a value could become code, a list of addresses or a page.
    private static let forbidden: Set<String> = ["content", "data", "http-equiv", "ping", "poster", "srcdoc", "srcset", "style"]
}
