// What clients may say about themselves, and what is kept of it.

import MartletEncoding
import OAuth
import Testing

@Suite struct ClientMetadataTests {
    static func metadata(_ json: String) throws -> ClientMetadata {
        try ClientMetadata(parsing: try JSONDocument(parsing: Array(json.utf8)).root)
    }

    @Test("left out, the members are those of RFC 7591")
    func defaults() throws {
        let metadata = try Self.metadata(#"{"redirect_uris":["https://a.example/cb"],"x_unknown":{"a":1},"client_name":null}"#)
        #expect(metadata.grants == [.authorizationCode] && metadata.authenticationMethod == .clientSecretBasic)
        #expect(metadata.name.isEmpty && metadata.scope == nil && !metadata.requiresDPoP && !metadata.isPairwise)
    }

    @Test("what is written again reads as the same client")
    func roundTrip() throws {
        let text = #"""
            {"redirect_uris":["https://a.example/cb","http://127.0.0.1/cb"],"client_name":"Äpp","client_uri":"https://a.example",
            "grant_types":["authorization_code","refresh_token","urn:ietf:params:oauth:grant-type:device_code"],"response_types":["code"],
            "token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[]},"scope":"openid read","resources":["https://api.example"],
            "dpop_bound_access_tokens":true,"require_pushed_authorization_requests":true,"require_auth_time":true,"default_max_age":60,
            "post_logout_redirect_uris":["https://a.example/bye"],"backchannel_logout_uri":"https://a.example/out",
            "backchannel_logout_session_required":true,"id_token_signed_response_alg":"ES256","subject_type":"pairwise",
            "sector_identifier_uri":"https://a.example/sector"}
            """#
        let metadata = try Self.metadata(text)
        let written = JSONWriter.object { metadata.write(to: &$0) }
        #expect(try ClientMetadata(parsing: try JSONDocument(parsing: written).root) == metadata)
        #expect(metadata.backChannelLogout?.needsSession == true && metadata.defaultMaxAge == 60 && metadata.isPairwise)
    }

    @Test(
        "what breaks a rule is invalid_client_metadata",
        arguments: [
            #"{"redirect_uris":["https://a.example/cb"],"grant_types":["password"]}"#,
            #"{"redirect_uris":["https://a.example/cb"],"grant_types":["implicit"]}"#,
            #"{"redirect_uris":["https://a.example/cb"],"grant_types":[]}"#,
            #"{"redirect_uris":["https://a.example/cb"],"response_types":["token"]}"#,
            #"{"redirect_uris":["https://a.example/cb"],"response_types":["code","id_token"]}"#,
            #"{"grant_types":["client_credentials"],"response_types":["code"]}"#,
            #"{"grant_types":["client_credentials"],"token_endpoint_auth_method":"none"}"#,
            #"{"grant_types":["urn:ietf:params:oauth:grant-type:token-exchange"],"token_endpoint_auth_method":"none"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"client_secret_jwt"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"private_key_jwt"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"jwks":{"keys":[]},"jwks_uri":"https://a.example/jwks"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"jwks":[]}"#,
            #"{"redirect_uris":["https://a.example/cb"],"jwks_uri":"http://a.example/jwks"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"logo_uri":"javascript:alert(1)"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"client_name":"a\nb"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"client_name":7}"#,
            #"{"redirect_uris":"https://a.example/cb"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"default_max_age":-1}"#,
            #"{"redirect_uris":["https://a.example/cb"],"dpop_bound_access_tokens":"true"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"subject_type":"ephemeral"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"backchannel_logout_uri":"http://a.example/out"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"backchannel_logout_uri":"https://a.example/out#x"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"backchannel_logout_uri":"https://me@a.example/out"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"frontchannel_logout_uri":"https://b.example/out"}"#,
            #"{"redirect_uris":["https://a.example/cb"],"frontchannel_logout_uri":"https://a.example:8443/out"}"#,
            #"{"redirect_uris":["https://a.example/cb","https://b.example/cb"],"subject_type":"pairwise"}"#,
        ])
    func refuses(_ json: String) {
        #expect { try Self.metadata(json) } throws: { ($0 as? OAuthError)?.code == .invalidClientMetadata }
    }

    @Test(
        "redirect URIs have an error of their own",
        arguments: [
            "{}", #"{"redirect_uris":[]}"#, #"{"redirect_uris":["http://a.example/cb"]}"#,
            #"{"redirect_uris":["https://a.example/cb"],"post_logout_redirect_uris":["myapp:/x"]}"#,
        ])
    func refusesRedirectURIs(_ json: String) {
        #expect { try Self.metadata(json) } throws: { ($0 as? OAuthError)?.code == .invalidRedirectURI }
    }

    @Test("a machine needs no redirect URI")
    func machine() throws {
        let metadata = try Self.metadata(#"{"grant_types":["client_credentials"],"response_types":[]}"#)
        #expect(metadata.grants == [.clientCredentials] && metadata.redirectURIs.isEmpty)
    }
}
