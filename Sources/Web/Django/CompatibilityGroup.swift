// CompatibilityGroup: the packages whose endpoints can be served beside the native ones.

/// A package whose endpoints are served; the raw value is what MARTLET_COMPAT calls it.
package enum CompatibilityGroup: String, Sendable, Hashable, CaseIterable {
    /// djangorestframework-simplejwt.
    case simplejwt = "simplejwt"
    /// drf-jwt, and the pair of endpoints of its predecessor.
    case drfJWT = "drf-jwt"
    /// dj-rest-auth.
    case djRestAuth = "dj-rest-auth"
}
