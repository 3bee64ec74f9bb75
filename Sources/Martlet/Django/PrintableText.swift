// PrintableText: text from elsewhere as a terminal may show it: nothing that it would obey, nothing that turns the line around, and no
// more than fits into one.

extension String {
    /// At most so many characters, then `…`; control characters, bidirectional ones and ends of lines as `\u{1B}`.
    func printable(most: Int = 80) -> String {
        var text = ""
        var count = 0
        for scalar in unicodeScalars {
            guard count < most else { return text + "…" }
            count += 1
            if scalar.isPrintable {
                text.unicodeScalars.append(scalar)
            } else {
                text += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            }
        }
        return text
    }
}

extension Unicode.Scalar {
    fileprivate var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: false
        default: !properties.isBidiControl
        }
    }
}
