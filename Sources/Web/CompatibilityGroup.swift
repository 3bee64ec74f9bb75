// CompatibilityGroup: the packages whose endpoints can be served beside the native ones.

/// A package whose endpoints are served; the raw value is what MARTLET_COMPAT calls it.
package enum CompatibilityGroup: String, Sendable, Hashable, CaseIterable {
    case simplejwt = "simplejwt"
    case drfJWT = "drf-jwt"
    case djRestAuth = "dj-rest-auth"
}
