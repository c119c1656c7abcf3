import Testing

@testable import Report

struct LayoutTests {
    @Test(
        "Columns of a text",
        arguments: [
            ("", 0), ("east", 4), ("é", 1), ("e\u{301}", 1), ("東京", 4), ("ｈａｌｆ", 8), ("한국", 4), ("\u{1112}\u{1161}\u{11AB}", 2),
            ("✔ ✘ ▢ – …", 9), ("👍", 2), ("❤\u{FE0F}", 2),
            ("❤", 1), ("▰▱", 2), ("a\u{20DD}", 1),
        ])
    func width(text: String, columns: Int) {
        #expect(displayWidth(text) == columns)
    }

    @Test(
        "Cut in the middle, never inside a character",
        arguments: [
            ("istio-system", 12, "istio-system"), ("istio-system", 11, "istio…ystem"), ("istio-system", 10, "istio…stem"),
            ("istio-system", 3, "i…m"),
            ("istio-system", 2, "is"), ("istio-system", 0, ""), ("東京-クラスタ", 9, "東京…スタ"), ("東京-クラスタ", 8, "東京-…タ"),
            ("e\u{301}e\u{301}e\u{301}e\u{301}", 3, "e\u{301}…e\u{301}"),
        ])
    func cutting(text: String, width: Int, result: String) {
        #expect(cut(text, to: width) == result)
        #expect(displayWidth(cut(text, to: width)) <= width)
    }

    @Test(
        "What is hidden becomes visible",
        arguments: [
            ("plain text", "plain text"), ("a\nb\tc\r", "a\\nb\\tc\\r"), ("\u{1B}[31m", "\\u{1b}[31m"), ("\u{9B}K", "\\u{9b}K"),
            ("a\u{202E}b", "a\\u{202e}b"), ("\u{200B}", "\\u{200b}"),
            ("\u{E0041}", "\\u{e0041}"), ("\u{301}a", "\\u{301}a"), ("a\u{A0}b", "a\\u{a0}b"), ("\u{2028}", "\\u{2028}"),
            ("\u{FFFE}", "\\u{fffe}"), ("\u{E000}", "\\u{e000}"), ("Zürich", "Zürich"),
            ("東京", "東京"), ("👍", "👍"), ("\r\n", "\\r\\n"), ("\u{7F}", "\\u{7f}"), ("a\u{FE0F}", "a\\u{fe0f}"),
            ("a\u{300}\u{301}\u{302}\u{303}\u{304}", "a\u{300}\u{301}\u{302}\u{303}\\u{304}"),
        ])
    func visibility(text: String, shown: String) {
        #expect(visible(text) == shown)
        #expect(visible(visible(text)) == shown)
    }

    @Test(
        "ASCII only where the terminal shows no more",
        arguments: [
            ("east → west", "east -> west"), ("…", "..."), ("Zürich", "Z\\u{fc}rich"), ("✔", "ok"), ("\r\n", "\\r\\n"),
        ])
    func ascii(text: String, shown: String) {
        #expect(visible(text, unicode: false) == shown)
    }

    @Test("Running text keeps every word, and lines keep to the width", arguments: [1, 5, 12, 40])
    func filling(width: Int) {
        let text = "Every cluster trusts the same root sha256:5f1cd2a95f1cd2a95f1cd2a95f1cd2a9 東京クラスタ"
        let lines = fill(text, width: width)
        #expect(lines.allSatisfy { displayWidth($0.text) <= max(width, 2) })
        #expect(lines.map { $0.text + ($0.breaksWord ? "" : " ") }.joined().trimmingSpaces() == text)
    }

    @Test("A megabyte without a space is laid out in no time")
    func filling() {
        let medium = Medium(width: 80, unicode: true, colour: false)
        var page = Page(medium)
        page.prose(String(repeating: "x", count: 1 << 20), limit: 3)
        #expect(page.text.split(separator: "\n").count == 3)
        #expect(fill(String(repeating: "x", count: 1 << 20), width: 80).count == 13108)
    }

    @Test func tables() {
        let page = Page(Medium(width: 80, unicode: true, colour: false))
        var table = Table([.init(), .init(least: 4, rank: 1), .init(least: 4)])
        table.add([page.span("name"), page.span("first value"), page.span("second value")])
        #expect(table.widths(in: 31) == [4, 11, 12])
        #expect(table.widths(in: 25) == [4, 5, 12])
        #expect(table.widths(in: 20) == [4, 4, 8])
        #expect(table.widths(in: 15) == nil)
    }
}

struct MediumTests {
    private func medium(_ environment: [String: String], terminal: Bool = true, width: Int? = 100, ascii: Bool = false) -> Medium
    {
        Medium(environment: environment, isTerminal: terminal, terminalWidth: terminal ? width : nil, ascii: ascii)
    }

    @Test func colour() {
        #expect(medium(["TERM": "xterm"]).colour)
        #expect(!medium(["TERM": "xterm"], terminal: false).colour)
        #expect(!medium(["TERM": "xterm", "NO_COLOR": "1"]).colour)
        #expect(medium(["TERM": "xterm", "NO_COLOR": ""]).colour)
        #expect(!medium(["TERM": "dumb"]).colour)
        #expect(medium(["CLICOLOR_FORCE": "1"], terminal: false).colour)
        #expect(!medium(["CLICOLOR_FORCE": "0"], terminal: false).colour)
        #expect(!medium(["CLICOLOR_FORCE": "1", "NO_COLOR": "1"], terminal: false).colour)
    }

    @Test func unicode() {
        #expect(medium(["LANG": "en_US.UTF-8"]).unicode)
        #expect(medium(["LANG": "C.utf8"]).unicode)
        #expect(medium(["LC_CTYPE": "de_DE.UTF-8@euro", "LANG": "C"]).unicode)
        #expect(!medium(["LC_ALL": "C", "LANG": "en_US.UTF-8"]).unicode)
        #expect(!medium(["LANG": "de_DE.ISO-8859-1"]).unicode)
        #expect(!medium([:]).unicode)
        #expect(!medium(["LANG": "en_US.UTF-8"], ascii: true).unicode)
        #expect(!medium(["LANG": "en_US.UTF-8", "TERM": "dumb"]).unicode)
    }

    @Test func width() {
        #expect(medium([:]).width == 100)
        #expect(medium(["COLUMNS": "60"]).width == 100)
        #expect(medium(["COLUMNS": "60"], terminal: false).width == 60)
        #expect(medium([:], terminal: false).width == Medium.unknownWidth)
        #expect(medium(["COLUMNS": "-5"], terminal: false).width == Medium.unknownWidth)
        #expect(medium(["COLUMNS": "many"], terminal: false).width == Medium.unknownWidth)
        #expect(medium([:], width: 3).width == 20)
    }
}
