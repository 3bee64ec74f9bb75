// Challenge: the parameters of a WWW-Authenticate field (RFC 9110 §11.6.1), as far as one is looked for by its name.

enum Challenge {
    /// The value of the first parameter of this name (in lower case), token or quoted string; nil when there is none. What stands within
    /// another one's quotes is no parameter.
    static func parameter(_ name: String, in field: String) -> String? {
        var rest = Array(field.utf8)[...]
        var word: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "="):
                let isWanted = String(decoding: word, as: UTF8.self).lowercased() == name
                word = []
                while let next = rest.first, next == UInt8(ascii: " ") { rest = rest.dropFirst() }
                let value = rest.first == UInt8(ascii: "\"") ? quoted(&rest) : token(&rest)
                if isWanted { return value }
            case UInt8(ascii: " ") where rest.first { $0 != UInt8(ascii: " ") } == UInt8(ascii: "="): break
            case UInt8(ascii: " "), UInt8(ascii: ","), UInt8(ascii: "\t"): word = []
            default: word.append(byte)
            }
        }
        return nil
    }

    private static func quoted(_ rest: inout ArraySlice<UInt8>) -> String? {
        rest = rest.dropFirst()
        var text: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): if let next = rest.popFirst() { text.append(next) }
            default: text.append(byte)
            }
        }
        return nil
    }

    private static func token(_ rest: inout ArraySlice<UInt8>) -> String {
        let text = rest.prefix { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: " ") }
        rest = rest.dropFirst(text.count)
        return String(decoding: text, as: UTF8.self)
    }
}
