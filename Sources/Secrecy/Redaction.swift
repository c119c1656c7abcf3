import Foundation

/// Withholds what looks secret in texts that were written by others: a plugin's arguments, its error output.
package enum Redaction {
    package static let mark = "REDACTED"

    /// Program arguments with the values of secret-looking flags, and secret-looking words, withheld.
    package static func arguments(_ arguments: [String]) -> [String] {
        var previousIsSecretFlag = false
        return arguments.map { argument in
            defer { previousIsSecretFlag = argument.hasPrefix("-") && !argument.contains("=") && isSecretName(argument) }
            if previousIsSecretFlag, !argument.hasPrefix("-") { return mark }
            guard let equals = argument.firstIndex(of: "=") else { return text(argument) }
            let name = String(argument[..<equals])
            return "\(name)=\(value(String(argument[argument.index(after: equals)...]), named: name))"
        }
    }

    /// A value, withheld where its name or its look says that it is secret.
    package static func value(_ value: String, named name: String) -> String {
        isSecretName(name) && !value.isEmpty ? mark : text(value)
    }

    private static func isSecretName(_ name: String) -> Bool {
        let name = name.lowercased()
        if name.hasSuffix("-file") || name.hasSuffix("_file") { return false }
        return [
            "secret", "token", "passw", "passphrase", "credential", "private", "api-key", "apikey", "api_key", "access-key",
            "access_key",
        ]
        .contains { name.contains($0) }
    }

    /// A text with PEM blocks, URL credentials, bearer tokens, JSON Web Tokens and long random words withheld.
    package static func text(_ text: String) -> String {
        var result = text
        if let begin = result.range(of: "-----BEGIN ") {
            let end = result.range(of: "-----END [A-Z ]*-----", options: [.regularExpression, .backwards])
            result.replaceSubrange(begin.lowerBound..<(end?.upperBound ?? result.endIndex), with: mark)
        }
        result = result.replacing(#/:\/\/[^\/\s@]+@/#) { _ in "://\(mark)@" }
        result = result.replacing(#/(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+\/=-]+/#) { "\($0.output.1) \(mark)" }
        result = result.replacing(
            #/"?(?i)\b(token|password|secret|clientKeyData|access_token|id_token|refresh_token)"\s*:\s*"[^"]*"/#
        ) {
            "\"\($0.output.1)\": \"\(mark)\""
        }
        // Google's access and refresh tokens.
        result = result.replacing(#/\bya29\.[A-Za-z0-9._~+\/-]+|\b1\/\/0[A-Za-z0-9_-]+/#) { _ in mark }
        result = result.replacing(#/\beyJ[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]*)*/#) { _ in mark }
        return result.replacing(#/[A-Za-z0-9_+-]{32,}={0,2}/#) { looksRandom($0.output) ? mark : String($0.output) }
    }

    /// A long word that mixes upper case, lower case and digits, or that is hexadecimal, as names seldom are.
    private static func looksRandom(_ word: Substring) -> Bool {
        let digits = word.contains { $0.isNumber }
        return digits && (word.contains { $0.isUppercase } && word.contains { $0.isLowercase } || word.allSatisfy(\.isHexDigit))
    }
}
