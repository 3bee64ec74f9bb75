// How a setting looks in --help.

import ArgumentParser

extension Setting {
    var argumentHelp: ArgumentHelp {
        let standing = fallback.map { " Default: \($0)." } ?? ""
        return ArgumentHelp(stringLiteral: "\(help)\(standing) [\(variable)]")
    }

    var argumentName: NameSpecification { .customLong(flag) }
}
