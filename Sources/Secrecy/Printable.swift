/// Text from a file or a server, made safe to print on a terminal or in a log.
///
/// Control characters, bidirectional overrides and line separators become `\u{…}`: a name in a kubeconfig may carry
/// escape sequences that repaint the screen. Longer than `limit` characters is cut, and the cut is shown.
package func printable(_ text: String, limit: Int = 300) -> String {
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
        if count == limit { return result + "…" }
        count += 1
        if scalar.isUnsafeToPrint {
            result += "\\u{\(String(scalar.value, radix: 16))}"
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}

extension Unicode.Scalar {
    fileprivate var isUnsafeToPrint: Bool {
        switch value {
        case 0...0x1F, 0x7F...0x9F: true
        case 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB: true
        default: false
        }
    }
}

/// One word of a shell command, quoted where it must be, safe to print.
package func quoted(_ word: String) -> String {
    let safe = printable(word, limit: 1000)
    let plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+:,./@%"
    if !safe.isEmpty, safe.allSatisfy(plain.contains) { return safe }
    return "'\(safe.replacing("'", with: "'\\''"))'"
}

/// Percent-encodes everything but the characters that RFC 3986 never gives a meaning.
package func percentEncoded(_ text: String) -> String {
    let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~".utf8)
    var result = ""
    for byte in text.utf8 {
        if plain.contains(byte) {
            result.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
            result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
        }
    }
    return result
}
