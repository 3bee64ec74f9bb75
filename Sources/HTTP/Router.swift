// Router: from method and path bytes to a route. The routes become a tree by segments once, at start; a match compares
// bytes and makes no text. `/x` and `/x/` are the same; a literal segment beats a capture.

/// Finds the route of a request.
package struct Router: Sendable {
    /// A captured segment: where in the decoded path it stands.
    package struct Parameter: Sendable {
        let name: String
        let offset: Int
        let count: Int
    }

    /// What the router says about a request.
    package enum Resolution: Sendable {
        /// This route, with what its pattern captured.
        case route(Route, [Parameter])
        /// OPTIONS of a known path (or of `*`): the value of `Allow`.
        case options(allow: String)
        /// 404 `not_found`, or 405 `method_not_allowed` with `Allow`.
        case refusal(Refusal)
    }

    private final class Node: Sendable {
        let literals: [(segment: [UInt8], node: Node)]
        let capture: Node?
        let routes: [Route]
        let names: [String]
        let allow: String

        init(_ routes: [(route: Route, rest: ArraySlice<String>)]) {
            var order = [String]()
            var next = [String: [(route: Route, rest: ArraySlice<String>)]]()
            var captured = [(route: Route, rest: ArraySlice<String>)]()
            var here = [Route]()
            for (route, rest) in routes {
                guard let first = rest.first else {
                    precondition(!here.contains { $0.method == route.method }, "\(route.pattern) has two routes for one method")
                    here.append(route)
                    continue
                }
                if first.hasPrefix("{") {
                    captured.append((route, rest.dropFirst()))
                } else {
                    if next[first] == nil { order.append(first) }
                    next[first, default: []].append((route, rest.dropFirst()))
                }
            }
            literals = order.map { (Array($0.utf8), Node(next[$0] ?? [])) }
            capture = captured.isEmpty ? nil : Node(captured)
            self.routes = here
            names =
                here.first.map { Router.segments($0.pattern).filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) } } ?? []
            allow = Router.allow(here.map(\.method))
        }
    }

    private let root: Node
    private let allowOfAll: String
    /// The route of every request; nil where the tree decides.
    private let everything: Route?

    /// A router over these routes. Two routes for the same method and pattern are a mistake of the program and stop it; so are
    /// different capture names at one place.
    package init(_ routes: [Route]) {
        root = Node(routes.map { ($0, Self.segments($0.pattern)[...]) })
        allowOfAll = Self.allow(routes.map(\.method))
        everything = nil
    }

    /// A router that hands every request to one route, whatever its method and path: that of a proxy.
    package init(everything route: Route) {
        root = Node([])
        allowOfAll = ""
        everything = route
    }

    /// Finds the route for a head.
    package func resolve(_ head: RequestHead) -> Resolution {
        if let everything {
            // What a server behind would make of it is not known.
            guard !head.pathHasEscapes || !head.path.contains(RequestTarget.escapedSlash) else {
                return .refusal(.invalidRequest("The path of the request is invalid."))
            }
            return .route(everything, [])
        }
        if head.isAsterisk { return .options(allow: allowOfAll) }
        let path = head.path
        return path.withUnsafeBufferPointer { bytes in
            var captures: [Range<Int>] = []
            // The root's slash, and one at the end, stand for nothing.
            var end = bytes.count
            if end > 1, bytes[end - 1] == UInt8(ascii: "/") { end -= 1 }
            guard let node = find(UnsafeBufferPointer(rebasing: bytes[..<end]), from: 0, in: root, &captures) else {
                return .refusal(Refusal(.notFound, code: "not_found", detail: "There is nothing at this path."))
            }
            return resolve(head.method, node, captures)
        }
    }

    private func resolve(_ method: Method, _ node: Node, _ captures: [Range<Int>]) -> Resolution {
        let found =
            node.routes.first { $0.method == method } ?? (method == .head ? node.routes.first { $0.method == .get } : nil)
        if let found {
            if captures.isEmpty { return .route(found, []) }
            return .route(found, zip(node.names, captures).map { Parameter(name: $0, offset: $1.lowerBound, count: $1.count) })
        }
        if method == .options { return .options(allow: node.allow) }
        return .refusal(
            Refusal(
                .methodNotAllowed, code: "method_not_allowed", detail: "This path does not serve that method.", allow: node.allow))
    }

    /// The node of the segments that begin after the slash at `start`. Depth is that of the route list, never the path's.
    private func find(_ path: UnsafeBufferPointer<UInt8>, from start: Int, in node: Node, _ captures: inout [Range<Int>]) -> Node? {
        guard start < path.count, start > 0 || path.count > 1 else { return node.routes.isEmpty ? nil : node }
        let first = start + 1
        var end = first
        while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
        let count = end - first
        search: for literal in node.literals where literal.segment.count == count {
            for index in 0..<count where literal.segment[index] != path[first + index] { continue search }
            if let found = find(path, from: end, in: literal.node, &captures) { return found }
            break
        }
        guard let capture = node.capture, count > 0 else { return nil }
        captures.append(first..<end)
        if let found = find(path, from: end, in: capture, &captures) { return found }
        captures.removeLast()
        return nil
    }

    private static func segments(_ pattern: String) -> [String] {
        pattern.split(separator: "/").map(String.init)
    }

    private static func allow(_ methods: [Method]) -> String {
        var names = Set(methods)
        if names.contains(.get) { names.insert(.head) }
        names.insert(.options)
        return Method.allCases.filter { names.contains($0) }.map(\.name).joined(separator: ", ")
    }
}
