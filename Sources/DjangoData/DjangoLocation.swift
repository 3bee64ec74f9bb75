// DjangoLocation: where Django's data is: a SQLite file, a PostgreSQL database, or a file that dumpdata wrote.

import MartletEncoding

/// A place to read Django's data from.
package enum DjangoLocation: Sendable, Hashable {
    /// A file of SQLite's.
    case sqlite(path: String)
    /// A URI for libpq, without a password.
    case postgres(uri: String)
    /// A file of `manage.py dumpdata`.
    case dump(path: String)

    /// Reads `sqlite:/path`, `postgres://user@host:port/db` or `postgresql://…`. Throws for anything else, and for a URI with a
    /// password in it: every process of the machine can read another's arguments.
    package init(database text: String) throws(DjangoDataError) {
        let scheme = text.prefix { $0 != ":" }
        let rest = text.dropFirst(scheme.count + 1)
        switch scheme {
        case "sqlite":
            let path = rest.hasPrefix("//") ? "/" + rest.drop { $0 == "/" } : String(rest)
            guard path.contains(where: { $0 != "/" }), !path.utf8.contains(0) else {
                throw DjangoDataError("\(text) names no file; it is sqlite: and the path, such as sqlite:/srv/site/db.sqlite3.")
            }
            self = .sqlite(path: path)
        case "postgres", "postgresql":
            guard rest.hasPrefix("//"), !text.utf8.contains(0) else {
                throw DjangoDataError("\(scheme):// is followed by user@host:port/database.")
            }
            guard !Self.hasPassword(rest.dropFirst(2)) else {
                throw DjangoDataError(
                    """
                    The password does not belong into an argument, which every user of this machine can read: leave it out of the \
                    URL and put it into the environment (PGPASSWORD) or a file (PGPASSFILE, by default ~/.pgpass).
                    """)
            }
            self = .postgres(uri: text)
        default:
            throw DjangoDataError("A database is sqlite:/path or postgres://user@host:port/database; others come by way of --dump.")
        }
    }

    /// What names it to people, and to a run that goes on where another ended.
    package var text: String {
        switch self {
        case .sqlite(let path): "sqlite:\(path)"
        case .postgres(let uri): uri
        case .dump(let path): "dump:\(path)"
        }
    }

    /// `user:password@…`, or a parameter of that name (libpq, "Connection URIs").
    private static func hasPassword(_ rest: Substring) -> Bool {
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        if let at = authority.lastIndex(of: "@"), authority[..<at].contains(":") { return true }
        guard let query = rest.firstIndex(of: "?") else { return false }
        return rest[rest.index(after: query)...].split(separator: "&").contains { parameter in
            let name = parameter.prefix { $0 != "=" }
            guard let decoded = PercentEncoding.decode(ArraySlice(name.utf8)) else { return false }
            return ["password", "sslpassword"].contains(String(decoding: decoded, as: UTF8.self))
        }
    }
}
