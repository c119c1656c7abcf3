import Foundation
import Secrecy

/// A program that a credential file names, which prints the other party's token. It runs only where the user allowed such
/// programs with `GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1`: a credential file may come from anybody.
struct SubjectTokenProgram: Sendable {
    /// The program and its arguments, split as a shell would, but never given to one.
    let command: [String]
    let deadline: Duration
    /// Where the program keeps its last answer; empty: nowhere.
    let outputFile: String
    let audience: String
    let tokenType: String
    /// The service account to impersonate; empty: none.
    let target: String

    static let permission = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"

    func token(_ context: TokenContext) async throws(CredentialFailure) -> Secret<String> {
        guard context.environment.revealed[Self.permission] == "1" else {
            throw context.failure(
                "to get a token, this program would have to be run, and was not: \(shown)",
                mend: "If you trust it: export \(Self.permission)=1")
        }
        if let kept = keptAnswer(context) { return kept }
        let found = command.first.flatMap { name in
            name.contains("/") ? name : SecretProgram.find(name, in: context.environment.revealed["PATH"] ?? "")
        }
        guard let path = found, SecretProgram.isExecutable(path) else {
            throw context.failure("there is no program \(quoted(command.first ?? "")) that could be run", mend: "Install it")
        }
        let outcome = await SecretProgram(
            path: path, arguments: Array(command.dropFirst()), environment: variables(context), deadline: deadline
        ).run()
        let mend = "Run it by hand: \(shown)"
        // A program that fails may say why on standard output, and exit with a code.
        let answer = try? JSONDecoder().decode(Answer.self, from: outcome.output.revealed)
        if case .exited = outcome.ending, let answer { return try token(answer, context, mend: mend) }
        guard outcome.ending == .exited(0) else {
            let errors = outcome.errors.isEmpty ? "" : "; it said: \(outcome.errors)"
            throw context.failure(
                "\(shown) \(outcome.ending.text)\(errors)", mend: mend, isCancellation: outcome.ending == .cancelled)
        }
        throw context.failure("\(shown) printed no JSON of the form that is expected of it", mend: mend)
    }

    private var shown: String { Redaction.arguments(command).map(quoted).joined(separator: " ") }

    /// The version 1 answer of such a program.
    private struct Answer: Decodable {
        let version: Int?
        let success: Bool?
        let tokenType: String?
        let idToken: String?
        let samlResponse: String?
        let expirationTime: GoogleInt?
        let code: String?
        let message: String?

        private enum CodingKeys: String, CodingKey {
            case version, success, code, message
            case tokenType = "token_type"
            case idToken = "id_token"
            case samlResponse = "saml_response"
            case expirationTime = "expiration_time"
        }
    }

    private func token(_ answer: Answer, _ context: TokenContext, mend: String) throws(CredentialFailure) -> Secret<String> {
        guard answer.version == 1 else {
            throw context.failure("\(shown) answered in version \(answer.version.map(String.init) ?? "none"), not 1", mend: mend)
        }
        guard answer.success == true else {
            let words = clean([answer.code, answer.message].compactMap(\.self).joined(separator: ": "))
            throw context.failure("\(shown) has no token: \(words)", mend: mend)
        }
        if let end = answer.expirationTime, Double(end.value) <= context.now().timeIntervalSince1970 {
            throw context.failure("the token that \(shown) printed has expired", mend: mend)
        }
        let isSAML = answer.tokenType == "urn:ietf:params:oauth:token-type:saml2"
        guard let token = isSAML ? answer.samlResponse : answer.idToken else {
            throw context.failure("the answer of \(shown) holds no \(isSAML ? "saml_response" : "id_token")", mend: mend)
        }
        guard !token.isEmpty else { throw context.failure("the token that \(shown) printed is empty", mend: mend) }
        return Secret(token)
    }

    /// The program's last answer, while it lasts.
    private func keptAnswer(_ context: TokenContext) -> Secret<String>? {
        guard !outputFile.isEmpty, let data = try? readFile(outputFile, limit: 1 << 20),
            let answer = try? JSONDecoder().decode(Answer.self, from: data), answer.expirationTime != nil
        else { return nil }
        return try? token(answer, context, mend: "")
    }

    private func variables(_ context: TokenContext) -> [String: String] {
        var variables = context.environment.revealed
        variables["GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE"] = audience
        variables["GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE"] = tokenType
        variables["GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE"] = "0"
        variables["GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL"] = target.isEmpty ? nil : target
        variables["GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE"] = outputFile.isEmpty ? nil : outputFile
        return variables
    }

    /// Splits a command into words: blanks between them, single and double quotes, backslashes. `nil`: a quote is left open.
    static func words(_ command: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var rest = Substring(command)
        while let character = rest.popFirst() {
            switch (quote, character) {
            case ("'", "'"), ("\"", "\""): quote = nil
            case (nil, "'"), (nil, "\""):
                quote = character
                word = word ?? ""
            case (nil, "\\"), ("\"", "\\"):
                guard let next = rest.popFirst() else { return nil }
                // Within double quotes a backslash stands for itself before anything but these.
                word = (word ?? "") + (quote == nil || "\"\\$`".contains(next) ? "" : "\\") + String(next)
            case (nil, _) where character.isWhitespace:
                if let done = word { words.append(done) }
                word = nil
            default: word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { return nil }
        if let word { words.append(word) }
        return words
    }
}

extension CredentialReader {
    func program(audience: String, type: String, target: String, mend: String) throws(CredentialFailure) -> SubjectTokenProgram {
        guard let words = SubjectTokenProgram.words(try string("command", mend: mend)), !words.isEmpty else {
            throw failure("command", "it is not a command: empty, or a quote is left open", mend: mend)
        }
        let milliseconds: Double
        switch object["timeout_millis"] {
        case nil, .null?: milliseconds = 30_000
        case .number(let number)? where (5000...120_000).contains(number): milliseconds = number
        case _?: throw failure("timeout_millis", "it is not a number from 5000 to 120000", mend: mend)
        }
        return SubjectTokenProgram(
            command: words, deadline: .milliseconds(Int(milliseconds)), outputFile: try optional("output_file", mend: mend) ?? "",
            audience: audience, tokenType: type, target: target)
    }
}
