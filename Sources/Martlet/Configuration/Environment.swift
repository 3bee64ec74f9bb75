// Environment: the process's environment variables.

import CEmbedded

enum Environment {
    /// All of them.
    static var variables: [String: String] {
        var variables: [String: String] = [:]
        var next = martlet_environment()
        while let entry = next?.pointee {
            let text = String(cString: entry)
            let name = text.prefix { $0 != "=" }
            variables[String(name)] = String(text.dropFirst(name.count + 1))
            next = next?.successor()
        }
        return variables
    }
}
