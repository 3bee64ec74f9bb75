// Fields: the values that a page's templates and texts may name, each with the way to it. The list is the contract of a template: what is
// not in it cannot be named, and what is in it is always there.

/// The named values of a page, or of an element of one of its lists.
package struct Fields<Value: Sendable>: Sendable {
    private(set) var all: [String: Field] = [:]
    private(set) var required: Set<String> = []

    enum Field: Sendable {
        /// Text; as a section, shown when it is there.
        case text(@Sendable (Value) -> String?)
        /// A truth value.
        case flag(@Sendable (Value) -> Bool)
        /// An address; as a section, shown when it is there.
        case link(@Sendable (Value) -> PageLink?)
        /// One of a closed list of messages, `field.case` in the texts; as a section, shown when it is there.
        case choice([String], @Sendable (Value) -> String?)
        /// A section for each element; the names in it are the element's.
        case list(@Sendable (TemplateScope, [TemplateSyntax.Node]) throws(TemplateError) -> Template<Value>.Step)
    }

    package init() {}

    /// With a text.
    package func text(_ name: String, _ value: @escaping @Sendable (Value) -> String?) -> Fields { adding(name, .text(value)) }

    /// With a truth value.
    package func flag(_ name: String, _ value: @escaping @Sendable (Value) -> Bool) -> Fields { adding(name, .flag(value)) }

    /// With an address.
    package func link(_ name: String, _ value: @escaping @Sendable (Value) -> PageLink?) -> Fields { adding(name, .link(value)) }

    /// With one of the cases of a type; the texts must have a message for each.
    package func choice<Case: RawRepresentable<String> & CaseIterable & SendableMetatype>(
        _ name: String, _ value: @escaping @Sendable (Value) -> Case?
    ) -> Fields {
        adding(name, .choice(Case.allCases.map(\.rawValue)) { value($0)?.rawValue })
    }

    /// With a list, whose elements have names of their own.
    package func list<Element: Sendable>(
        _ name: String, of fields: Fields<Element>, _ elements: @escaping @Sendable (Value) -> [Element]
    ) -> Fields {
        adding(
            name,
            .list { (scope: TemplateScope, nodes: [TemplateSyntax.Node]) throws(TemplateError) -> Template<Value>.Step in
                let template = try Template<Element>(nodes, fields, scope)
                return { value, texts, output in
                    for element in elements(value) { template.append(element, texts, to: &output) }
                }
            })
    }

    /// With names that every template of the page must show.
    func requiring(_ names: String...) -> Fields {
        var fields = self
        fields.required.formUnion(names)
        return fields
    }

    private func adding(_ name: String, _ field: Field) -> Fields {
        var fields = self
        fields.all[name] = field
        return fields
    }
}
