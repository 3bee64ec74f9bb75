// PageTemplates: all pages' templates, read once at the start. Each is `frame.html` with the page's own file in the place of the frame's
// line `<!--page-->`; the two are put together as text, before anything of them is read, so nothing can be put in later.

/// The templates of the pages, in every language.
package struct PageTemplates: Sendable {
    /// The languages that the pages speak.
    package let languages: Languages
    let signIn: Template<SignInPage>
    let register: Template<RegisterPage>
    let consent: Template<ConsentPage>
    let deviceCode: Template<DeviceCodePage>
    let deviceConfirm: Template<DeviceConfirmPage>
    let deviceDone: Template<DeviceDonePage>
    let signOut: Template<SignOutPage>
    let signedOut: Template<SignedOutPage>
    let formPost: Template<FormPostPage>
    let error: Template<ErrorPage>

    /// Reads the templates and the texts. Of two templates of one name the later counts; of two tables of one language every text that
    /// the later has.
    ///
    /// Throws where one is missing, breaks the grammar, or names what is not there.
    package init(_ files: [PageFile]) throws(TemplateError) {
        languages = try Languages(files)
        signIn = try Self.template(files, languages)
        register = try Self.template(files, languages)
        consent = try Self.template(files, languages)
        deviceCode = try Self.template(files, languages)
        deviceConfirm = try Self.template(files, languages)
        deviceDone = try Self.template(files, languages)
        signOut = try Self.template(files, languages)
        signedOut = try Self.template(files, languages)
        formPost = try Self.template(files, languages)
        error = try Self.template(files, languages)
    }

    /// The HTML of a page, in UTF-8.
    package func html<Page: WebPage>(_ page: Page, in texts: Texts) -> [UInt8] {
        Page.template(in: self).render(page, texts)
    }

    private static func template<Page: WebPage>(_ files: [PageFile], _ languages: Languages) throws(TemplateError) -> Template<Page> {
        let frame = try bytes("frame.html", files)
        let page = try bytes("\(Page.name).html", files)
        let mark = Array("<!--page-->\n".utf8)
        guard let start = frame.indices.first(where: { frame[$0...].starts(with: mark) }) else {
            throw TemplateError("frame.html", "the line <!--page--> is missing")
        }
        let file = "\(Page.name).html"
        // The page is read by itself first: what it leaves open would be told at a line of the frame.
        _ = try TemplateSyntax(parsing: page, file: file)
        let whole = frame[..<start] + page + frame[(start + mark.count)...]
        let scope = TemplateScope(file: file, group: Page.name, languages: languages)
        do throws(TemplateError) {
            return try Template(TemplateSyntax(parsing: Array(whole), file: file), Page.fields, scope)
        } catch {
            guard error.line > 0 else { throw error }
            let (before, within) = (lines(frame[..<start]), lines(page[...]))
            if error.line <= before { throw TemplateError("frame.html", line: error.line, error.reason) }
            if error.line > before + within { throw TemplateError("frame.html", line: error.line - within + 1, error.reason) }
            throw TemplateError(file, line: error.line - before, error.reason)
        }
    }

    private static func lines(_ text: ArraySlice<UInt8>) -> Int { text.count { $0 == 0x0A } }

    private static func bytes(_ name: String, _ files: [PageFile]) throws(TemplateError) -> [UInt8] {
        guard let file = files.last(where: { $0.name == name }) else { throw TemplateError(name, "the template is missing") }
        return file.bytes
    }
}
