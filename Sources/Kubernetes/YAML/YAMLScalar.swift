/// How a plain (unquoted) scalar is read by YAML 1.1, as go-yaml v2 does it for every kubeconfig.
///
/// The traps are real: `name: y` and `username: n` are Booleans, `token: 0123` is the number 83.
enum YAMLScalar {
    case null
    case bool(Bool)
    case integer(Int64)
    case float(Double)
    case text

    init(plain text: String) {
        switch text {
        case "", "~", "null", "Null", "NULL":
            self = .null
        case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON":
            self = .bool(true)
        case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
            self = .bool(false)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF":
            self = .float(.infinity)
        case "-.inf", "-.Inf", "-.INF":
            self = .float(-.infinity)
        case ".nan", ".NaN", ".NAN":
            self = .float(.nan)
        default:
            self = Self.number(text) ?? .text
        }
    }

    private static func number(_ text: String) -> YAMLScalar? {
        guard let first = text.utf8.first, first == 0x2B || first == 0x2D || first == 0x2E || (0x30...0x39).contains(first)
        else { return nil }
        let bare = text.replacing("_", with: "")
        if let integer = integer(bare) { return .integer(integer) }
        guard isFloat(bare), let double = Double(bare) else { return nil }
        return .float(double)
    }

    /// Go's `strconv.ParseInt(text, 0, 64)`: a leading `0x`, `0o`, `0b` or `0` chooses the base.
    private static func integer(_ text: String) -> Int64? {
        var digits = Substring(text)
        var sign = ""
        if digits.first == "-" || digits.first == "+" { sign = String(digits.removeFirst()) }
        guard let first = digits.first, first.isASCII, first.isNumber else { return nil }
        var radix = 10
        if first == "0", digits.count > 1 {
            digits.removeFirst()
            switch digits.first {
            case "x", "X": radix = 16
            case "o", "O": radix = 8
            case "b", "B": radix = 2
            default: return Int64(sign + digits, radix: 8)
            }
            digits.removeFirst()
            guard let digit = digits.first, digit != "-", digit != "+" else { return nil }
        }
        return Int64(sign + digits, radix: radix)
    }

    /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
    private static func isFloat(_ text: String) -> Bool {
        var rest = Substring(text)[...]
        func skipSign() { if rest.first == "-" || rest.first == "+" { rest.removeFirst() } }
        func skipDigits() -> Int {
            let tail = rest.drop { $0.isASCII && $0.isNumber }
            defer { rest = tail }
            return rest.count - tail.count
        }
        skipSign()
        let whole = skipDigits()
        var fraction = 0
        if rest.first == "." {
            rest.removeFirst()
            fraction = skipDigits()
        }
        guard whole > 0 || fraction > 0 else { return false }
        if rest.first == "e" || rest.first == "E" {
            rest.removeFirst()
            skipSign()
            guard skipDigits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
