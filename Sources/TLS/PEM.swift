import Foundation

/// Reads PEM (RFC 7468) as OpenSSL and Go do: a BEGIN line counts only at the start of a line, text outside of the blocks is
/// passed over.
enum PEM {
    struct Block {
        var number: Int
        var label: String
        var der: Data

        var isCertificate: Bool { label == "CERTIFICATE" || label == "X509 CERTIFICATE" }
    }

    static func blocks(_ data: Data) throws(CertificateError) -> [Block] {
        guard !data.isEmpty else { throw .empty }
        var blocks: [Block] = []
        var open: (label: String, base64: [UInt8])?
        for line in data.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            if let label = label(line, "-----BEGIN ") {
                guard open == nil else { throw .truncated(block: blocks.count + 1) }
                open = (label, [])
            } else if let label = label(line, "-----END "), let block = open {
                let number = blocks.count + 1
                guard label == block.label else { throw .truncated(block: number) }
                guard let der = Data(base64Encoded: Data(block.base64)), !der.isEmpty else { throw .notBase64(block: number) }
                blocks.append(Block(number: number, label: label, der: der))
                open = nil
            } else if open != nil {
                // Header lines such as `Proc-Type: 4,ENCRYPTED` stand before the base64.
                guard !line.contains(UInt8(ascii: ":")) else { continue }
                open?.base64 += line.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
            }
        }
        if open != nil { throw .truncated(block: blocks.count + 1) }
        guard !blocks.isEmpty else { throw .notPEM(hint: hint(data)) }
        return blocks
    }

    private static func label(_ line: Data, _ prefix: String) -> String? {
        guard line.starts(with: prefix.utf8) else { return nil }
        let text = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespaces)
        guard text.hasSuffix("-----"), text.count >= prefix.count + 5 else { return nil }
        return printableText(String(text.dropFirst(prefix.count).dropLast(5)))
    }

    /// What the text looks like, when it is not PEM.
    private static func hint(_ data: Data) -> String {
        let head = String(decoding: data.prefix(4096), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        if data.starts(with: [0x30, 0x82]) { return "it looks like DER, the binary form" }
        if head.hasPrefix("LS0tLS1CRUdJTi") { return "it looks like PEM encoded in base64 once too often" }
        if head.hasPrefix("MII") { return "it looks like a certificate's base64 without its BEGIN and END lines" }
        if head.contains("BEGIN CERTIFICATE") { return "a BEGIN line is there, but indented or misspelt" }
        if data.prefix(4096).contains(0) { return "it looks like binary data" }
        if head.hasPrefix("/") || head.hasSuffix(".pem") || head.hasSuffix(".crt") { return "it looks like a file's path" }
        return ""
    }
}

/// The text with control, format and line-separating characters escaped as `\1B`: fit for a terminal whoever wrote it.
func printableText(_ text: String) -> String {
    guard !text.unicodeScalars.allSatisfy(isPrintable) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
        if isPrintable(scalar) { result.unicodeScalars.append(scalar) } else { result += String(format: "\\%02X", scalar.value) }
    }
    return result
}

private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
    default: true
    }
}
