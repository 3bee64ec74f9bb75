// The file of the operator's scopes, read when a service starts: commands beside it have no use for it.

import OAuth

extension Configuration {
    /// What the file says; nothing without one. Throws with the file, the place in it and what is wrong there.
    func scopes() throws(ConfigurationError) -> ScopesFile {
        guard let path = scopesPath else { return ScopesFile() }
        guard let text = File.read(path, limit: 1 << 20) else {
            throw ConfigurationError("\(Setting.scopes.variable) names \(path), which cannot be read, or is larger than 1 MiB.")
        }
        do throws(ScopesFile.Failure) {
            return try ScopesFile(parsing: text)
        } catch {
            throw ConfigurationError("\(Setting.scopes.variable) names \(path), which cannot be used: \(error).")
        }
    }
}
