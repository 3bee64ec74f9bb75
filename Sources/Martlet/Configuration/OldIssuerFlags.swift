// OldIssuerFlags: the flags about the service before, the same for the service and for the sample API. Its key has none.

import ArgumentParser

struct OldIssuerFlags: ParsableArguments {
    @Option(name: Setting.oldKeyUntil.argumentName, help: Setting.oldKeyUntil.argumentHelp)
    var oldKeyUntil: String?

    @Option(name: Setting.oldKeyAlgorithm.argumentName, help: Setting.oldKeyAlgorithm.argumentHelp)
    var oldKeyAlgorithm: String?

    @Option(name: Setting.oldUserIDClaim.argumentName, help: Setting.oldUserIDClaim.argumentHelp)
    var oldUserIDClaim: String?

    @Option(name: Setting.oldTokenTypeClaim.argumentName, help: Setting.oldTokenTypeClaim.argumentHelp)
    var oldTokenTypeClaim: String?

    @Option(name: Setting.oldIssuer.argumentName, help: Setting.oldIssuer.argumentHelp)
    var oldIssuer: String?

    @Option(name: Setting.oldAudience.argumentName, help: Setting.oldAudience.argumentHelp)
    var oldAudience: String?

    /// What was said, by setting.
    var texts: [(Setting, String?)] {
        [
            (.oldKeyUntil, oldKeyUntil), (.oldKeyAlgorithm, oldKeyAlgorithm), (.oldUserIDClaim, oldUserIDClaim),
            (.oldTokenTypeClaim, oldTokenTypeClaim), (.oldIssuer, oldIssuer), (.oldAudience, oldAudience),
        ]
    }
}
