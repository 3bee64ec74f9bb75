// Listening: starting a server, and what to say when the address cannot be had.

import HTTPServer

enum Listening {
    /// Starts a server on the address that a setting names; answers the address that it is really bound to.
    static func start(_ server: Server, _ setting: Setting) throws(ConfigurationError) -> ListenAddress {
        do {
            return try server.start()
        } catch {
            throw ConfigurationError("Cannot listen (\(setting.variable)): \(error)")
        }
    }
}
