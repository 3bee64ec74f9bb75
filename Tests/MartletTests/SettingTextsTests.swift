// Where the text of a setting comes from: flag, environment, file, in this order; secrets from files of their own; and
// names that are no settings.

import ArgumentParser
import Testing

@testable import Martlet

struct SettingTextsTests {
    @Test("the flag wins, then the environment, then the file, then what stands when nobody says anything")
    func precedence() throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("settings.json", #"{"audience":"file","access_ttl":"100"}"#)
        let environment = ["MARTLET_AUDIENCE": "environment"]
        let all = try SettingTexts(flags: ["audience": "flag"], environment: environment, file: file)
        #expect(all[.audience] == "flag")
        #expect(all.origin(.audience) == "--audience")
        let two = try SettingTexts(flags: [:], environment: environment, file: file)
        #expect(two[.audience] == "environment")
        #expect(two.origin(.audience) == "MARTLET_AUDIENCE")
        let one = try SettingTexts(flags: [:], environment: [:], file: file)
        #expect(one[.audience] == "file")
        #expect(one.origin(.audience) == "\(file): audience")
        #expect(one[.accessTTL] == "100")
        let none = try SettingTexts(flags: [:], environment: [:], file: nil)
        #expect(none[.audience] == nil)
        #expect(none[.accessTTL] == "600")
        #expect(none.origin(.accessTTL) == "MARTLET_ACCESS_TTL")
    }

    @Test("the three ways go through the program's own flags as well")
    func throughFlags() throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("settings.json", #"{"access_ttl":100,"refresh_ttl":200,"session_ttl":300}"#)
        let flags = try SettingFlags.parse(["--config", file, "--access-ttl", "102"])
        let configuration = try flags.configuration(environment: ["MARTLET_ACCESS_TTL": "101", "MARTLET_REFRESH_TTL": "201"])
        #expect(configuration.accessLifetime == 102)
        #expect(configuration.refreshLifetime == 201)
        #expect(configuration.sessionLifetime == 300)
    }

    @Test("empty text is nothing said: what the file says stands, and so does the default")
    func emptyText() throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("settings.json", #"{"access_ttl":"100","refresh_ttl":""}"#)
        let texts = try SettingTexts(
            flags: ["access_ttl": ""], environment: ["MARTLET_ACCESS_TTL": "", "MARTLET_REFRESH_TTL": ""], file: file)
        #expect(texts[.accessTTL] == "100")
        #expect(texts[.refreshTTL] == "1209600")
    }

    @Test(
        "a secret comes from its variable or from the file that …_FILE names, without the line end that editors leave",
        arguments: ["", "\n", "\r\n", "\n\n"])
    func secretFile(end: String) throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("secret", "a secret with spaces " + end)
        let texts = try SettingTexts(flags: [:], environment: ["MARTLET_JWT_SECRET_FILE": file], file: nil)
        #expect(texts[.jwtSecret] == "a secret with spaces ")
        #expect(texts.origin(.jwtSecret) == "MARTLET_JWT_SECRET_FILE")
        #expect(try SettingTexts(flags: [:], environment: ["MARTLET_JWT_SECRET": "direct"], file: nil)[.jwtSecret] == "direct")
    }

    @Test("a secret from two places, from no file, or from an empty one stops the start")
    func badSecretFile() throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("secret", "one")
        #expect(failure(["MARTLET_JWT_SECRET": "two", "MARTLET_JWT_SECRET_FILE": file])?.contains("both set") == true)
        let missing = failure(["MARTLET_MASTER_KEY_FILE": "\(folder.path)/nothing"])
        #expect(missing?.contains("MARTLET_MASTER_KEY_FILE") == true)
        #expect(missing?.contains("\(folder.path)/nothing") == true)
        // A mount that went wrong must not read as "make a new master key".
        let empty = try folder.file("empty", "\n")
        #expect(failure(["MARTLET_MASTER_KEY_FILE": empty])?.contains("MARTLET_MASTER_KEY_FILE") == true)
        // An empty variable is nothing said, as elsewhere.
        #expect(failure(["MARTLET_JWT_SECRET": "", "MARTLET_JWT_SECRET_FILE": file]) == nil)
    }

    @Test("only secrets have a file variable")
    func noFileVariable() {
        #expect(failure(["MARTLET_AUDIENCE_FILE": "/x"])?.contains("MARTLET_AUDIENCE_FILE is not a setting") == true)
    }

    @Test(
        "a name that is nearly a setting's gets that one suggested",
        arguments: [
            ("MARTLET_ISUER", "MARTLET_ISSUER"), ("MARTLET_ACCESS_TTTL", "MARTLET_ACCESS_TTL"), ("MARTLET_ACCESSTTL", "MARTLET_ACCESS_TTL"),
            ("MARTLET_MASTERKEY", "MARTLET_MASTER_KEY"), ("MARTLET_LOGLEVEL", "MARTLET_LOG_LEVEL"),
            ("MARTLET_CORS_ORIGIN", "MARTLET_CORS_ORIGINS"),
            ("MARTLET_listen", "MARTLET_LISTEN"), ("MARTLET_DATADIR", "MARTLET_DATA_DIR"),
        ])
    func suggestions(variable: String, nearest: String) {
        let message = failure([variable: "x"])
        #expect(message == "\(variable) is not a setting; did you mean \(nearest)?" || variable == "MARTLET_listen" && message != nil)
    }

    @Test("a name of Django's that is no setting gets the sentence that says why", arguments: Setting.absent.keys.sorted())
    func absent(name: String) {
        let variable = Setting.variable(of: name)
        #expect(!Setting.all.contains { $0.name == name })
        #expect(failure([variable: "on"]) == "\(variable) is not a setting: \(Setting.absent[name] ?? "")")
    }

    @Test("a name that is like none is told apart from those")
    func unknown() {
        let message = failure(["MARTLET_FLUX_CAPACITOR_GIGAWATTS": "1.21"])
        #expect(message?.hasPrefix("MARTLET_FLUX_CAPACITOR_GIGAWATTS is not a setting;") == true)
        #expect(message?.contains("did you mean") == false)
    }

    @Test(
        "what Kubernetes sets beside a service of the name, and what is not ours, is ignored",
        arguments: [
            "MARTLET_PORT", "MARTLET_PORT_8080_TCP", "MARTLET_PORT_8080_TCP_ADDR", "MARTLET_SERVICE_HOST", "MARTLET_SERVICE_PORT",
            "MARTLET_SERVICE_PORT_HTTP", "PATH", "MARTLETS", "NOT_MARTLET_LISTEN",
        ])
    func ignored(variable: String) {
        #expect(failure([variable: "tcp://10.0.0.1:8080"]) == nil)
    }

    @Test(
        "a file that cannot be meant stops the start, with its name and place",
        arguments: [
            ("{", "line 1, column 2"), ("[]", "one JSON object"), (#"{"listen":true}"#, "listen must be"),
            (#"{"listen":null}"#, "listen must be"),
            (#"{"access_ttl":1.5}"#, "access_ttl must be"), (#"{"lisen":"x"}"#, "did you mean listen?"),
            (#"{"MARTLET_LISTEN":"x"}"#, "is not a setting"),
            (#"{"listen":"a","listen":"b"}"#, "this member was there before"), (#"{"cors_origins":["a",1]}"#, "cors_origins must be"),
            ("", "line 1"),
        ])
    func badFile(text: String, expected: String) throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("settings.json", text)
        let error = #expect(throws: ConfigurationError.self) { try SettingTexts(flags: [:], environment: [:], file: file) }
        #expect(error?.description.contains(file) == true)
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }

    @Test("a file that is not there stops the start")
    func missingFile() {
        let error = #expect(throws: ConfigurationError.self) { try SettingTexts(flags: [:], environment: [:], file: "/nowhere.json") }
        #expect(error?.description.contains("/nowhere.json") == true)
    }

    @Test("a list of a file is what commas are in a variable, and a number is its digits")
    func fileValues() throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("settings.json", #"{"cors_origins":["https://a.example","https://b.example"],"access_ttl":300}"#)
        let texts = try SettingTexts(flags: [:], environment: [:], file: file)
        #expect(texts[.corsOrigins] == "https://a.example,https://b.example")
        #expect(texts[.accessTTL] == "300")
    }

    private func failure(_ environment: [String: String]) -> String? {
        do {
            _ = try SettingTexts(flags: [:], environment: environment, file: nil)
            return nil
        } catch {
            return error.description
        }
    }
}
