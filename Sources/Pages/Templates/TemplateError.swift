// TemplateError: why a template, or a table of texts, cannot be used. It is found at the start and never while a page is made.

/// A broken rule of a template or of a table of texts, and its place.
package struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file's name below the folder of pages.
    package let file: String
    /// The line, from 1; 0 where no line is to blame.
    package let line: Int
    /// What is wrong: the end of a sentence that begins with the place.
    package let reason: String

    init(_ file: String, line: Int = 0, _ reason: String) {
        self.file = file
        self.line = line
        self.reason = reason
    }

    /// A sentence for people, such as `pages/consent.html, line 7: {{clinet}} is not a value of this page`.
    package var description: String { line > 0 ? "\(file), line \(line): \(reason)" : "\(file): \(reason)" }
}
