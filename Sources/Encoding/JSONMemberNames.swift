// JSONMemberNames: the names that an object has had so far, to find the one that comes again. A name is looked at once,
// whatever it is made of; pairs of names are compared as two integers. So no text costs more than its length.

/// The member names of one object.
struct JSONMemberNames {
    private struct Name {
        var key: UInt64
        var node: JSONDocument.Node
    }

    private var names: [Name] = []

    var count: Int { names.count }

    /// Adds the name at `node` of `text`.
    /// - Returns: whether it was not there before.
    mutating func insert(_ node: JSONDocument.Node, in text: UnsafeBufferPointer<UInt8>) -> Bool {
        let key = Self.key(node, text)
        for other in names where other.key == key && Self.isSame(node, other.node, text) { return false }
        if names.isEmpty { names.reserveCapacity(8) }
        names.append(Name(key: key, node: node))
        return true
    }

    private static func key(_ node: JSONDocument.Node, _ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
        let raw = raw(node, text)
        guard node.isComplex else { return key(UnsafeRawBufferPointer(raw)) }
        return JSONString.unescape(raw).withUnsafeBytes { key($0) }
    }

    /// Equal for equal names. Nobody can make names whose keys collide: the short ones are their own key, and the hash of
    /// the others has a seed that no peer knows.
    private static func key(_ name: UnsafeRawBufferPointer) -> UInt64 {
        guard name.count > 7 else { return name.reduce(UInt64(name.count)) { $0 << 8 | UInt64($1) } }
        var hasher = Hasher()
        hasher.combine(bytes: name)
        return UInt64(truncatingIfNeeded: UInt(bitPattern: hasher.finalize()))
    }

    private static func isSame(
        _ one: JSONDocument.Node, _ other: JSONDocument.Node, _ text: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard one.isComplex || other.isComplex else { return raw(one, text).elementsEqual(raw(other, text)) }
        return JSONString.unescape(raw(one, text)).elementsEqual(JSONString.unescape(raw(other, text)))
    }

    private static func raw(_ node: JSONDocument.Node, _ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: text[Int(node.start)..<Int(node.end)])
    }
}
