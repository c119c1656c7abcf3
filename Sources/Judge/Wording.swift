import StrictYAML

/// What a check says: one text, or one for each word that its query's column `reason` may give.
package struct Wording: Sendable, Equatable {
    /// In the file's order; the reason is `""` where there is one text for all.
    package let variants: [Variant]

    package struct Variant: Sendable, Equatable {
        package let reason: String
        package let template: Template
    }

    /// The query's column that chooses among several texts.
    static let reasonColumn = "reason"

    init(_ text: String) { self.init([Variant(reason: "", template: Template(text))]) }

    private init(_ variants: [Variant]) {
        self.variants = variants
        needsReason = variants.contains { !$0.reason.isEmpty }
        isConstant = variants.allSatisfy { $0.reason.isEmpty && $0.template.columns.isEmpty }
    }

    /// A text, or a mapping from reasons to texts.
    init(_ yaml: YAMLValue) throws {
        if yaml.scalar != nil {
            self.init(try yaml.string())
            return
        }
        var keys = try yaml.mapping()
        var variants: [Variant] = []
        for reason in keys.keys {
            let text = try keys.required(reason)
            guard !reason.isEmpty, reason.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 })
            else {
                throw text.error("\(text.path): a reason has a-z, 0-9 and - only")
            }
            variants.append(Variant(reason: reason, template: Template(try text.string())))
        }
        guard !variants.isEmpty else { throw yaml.error("\(yaml.path) must be a text, or a text for each reason") }
        self.init(variants)
    }

    /// The columns that it needs.
    package var columns: [String] {
        variants.flatMap(\.template.columns) + (needsReason ? [Self.reasonColumn] : [])
    }

    /// Whether it is one text without places.
    let isConstant: Bool

    /// Whether the query must say which text it is.
    let needsReason: Bool

    /// The text for a reason; for `absent-gke` that of `absent` where it has none of its own. nil where there is none for it.
    func template(for reason: @autoclosure () -> String?) -> Template? {
        guard needsReason else { return variants.first?.template }
        var reason = Substring(reason() ?? "")
        while !reason.isEmpty {
            if let variant = variants.first(where: { $0.reason == reason }) { return variant.template }
            reason = reason.lastIndex(of: "-").map { reason[..<$0] } ?? ""
        }
        return nil
    }
}
