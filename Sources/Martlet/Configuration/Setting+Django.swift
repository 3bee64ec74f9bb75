// Setting+Django: names that somebody who comes from Django looks for among the settings and that are none, each with what to know
// instead. docs/django.md has the whole list.

extension Setting {
    /// By the name in snake case.
    static let absent = [
        "compat_access_token_lifetime": "it is \(accessTTL.variable).",
        "compat_refresh_token_lifetime": "it is \(refreshTTL.variable).",
        "compat_sliding_token_lifetime": "it is \(accessTTL.variable).",
        "compat_sliding_token_refresh_lifetime": "it is \(refreshTTL.variable).",
        "compat_update_last_login": "the last login is always noted; leave it out.",
        "compat_check_revoke_token": "a new password always ends every session; leave it out.",
        "compat_user_id_field": "it is what the account was called where it came from, else its id; leave it out.",
        "compat_jti_claim": "it is jti; leave it out.",
        "compat_auth_header_name": "it is Authorization; leave it out.",
    ]
}
