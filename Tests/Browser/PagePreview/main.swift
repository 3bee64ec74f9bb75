// page-preview: prints every page of the authorization server, in one language, as the service would send it, for the tests that look at
// them in a browser.
//
//     PagePreview LANGUAGE            with everyday values
//     PagePreview LANGUAGE hostile    with markup in every place that a stranger can fill
//
// The output is a JSON object: each sample's name with its HTML and its header fields.
import HTTP
import MartletEncoding
import PageSamples
import Pages
import Web

let arguments = CommandLine.arguments.dropFirst()
let answers = PageAnswers(templates: try PageTemplates(EmbeddedPages.files))
let texts = answers.templates.languages.best(uiLocales: arguments.first, accepted: [])
let samples = try PageSamples(filling: arguments.dropFirst().first == "hostile" ? PageSamples.hostile : nil)
let names: [(String, HeaderName)] = [
    ("content-type", .contentType), ("content-language", "content-language"), ("content-security-policy", .contentSecurityPolicy),
    ("cross-origin-opener-policy", .crossOriginOpenerPolicy), ("referrer-policy", .referrerPolicy), ("cache-control", .cacheControl),
    ("x-content-type-options", .xContentTypeOptions), ("x-frame-options", .xFrameOptions),
]

let json = JSONWriter.object { writer in
    for sample in samples.all {
        let answer = answers.answer(.ok, sample.page, in: texts)
        guard case .bytes(let html) = answer.body else { continue }
        writer.name(sample.name)
        writer.object { writer in
            writer.member("html", String(decoding: html, as: UTF8.self))
            writer.name("headers")
            writer.object { writer in
                for (name, key) in names {
                    if let value = answer.headers[key] { writer.member(name, value) }
                }
            }
        }
    }
}
print(String(decoding: json, as: UTF8.self))
