import Evidence
import Testing

@Suite struct RedactionTests {
    private let redaction = Redaction(known: ["hunter2-hunter2", "short"])

    @Test(arguments: [
        ("password=abc", "password=[redacted]"),
        ("--api-key=abcdef rest", "--api-key=[redacted] rest"),
        ("OPENAI_API_KEY=sk-abc x", "OPENAI_API_KEY=[redacted] x"),
        ("{\"access_token\": \"a\\\"b\", \"n\": 1}", "{\"access_token\": \"[redacted]\", \"n\": 1}"),
        ("Authorization: Bearer abc.def.ghi-jkl", "Authorization: [redacted]"),
        ("curl -H 'authorization: Basic dXNlcjpwYXNz'", "curl -H 'authorization: [redacted]'"),
        ("sent Bearer abcdefgh12 to it", "sent Bearer [redacted] to it"),
        ("https://user:pw@host:80/x?token=abc&y=1", "https://[redacted]@host:80/x?token=[redacted]&y=1"),
        ("key sk-proj-abcdefghijkl is used", "key [redacted] is used"),
        ("it is hunter2-hunter2.", "it is [redacted]."),
    ])
    func takesSecretsOut(text: String, expected: String) { #expect(redaction.text(text) == expected) }

    @Test(arguments: [
        "max_tokens=4096", "tokens: 12", "llm.token: received", "no work event; the last was `llm.token`", "key=value", "a short word",
        "token 41 of 60", "https://127.0.0.1:9002/v1", "std::vector<int>", "monkey: 12", "author=me", "at 10:42:11", "password=",
    ])
    func leavesOrdinaryTextAlone(text: String) { #expect(redaction.text(text) == text) }

    @Test func argumentsAfterASecretOption() {
        #expect(redaction.arguments(["x", "--token", "abc", "--verbose", "--password", "--next", "v"]) == ["x", "--token", "[redacted]", "--verbose", "--password", "--next", "v"])
    }

    @Test func membersByName() {
        let value: JSONValue = ["authorization": "abc", "body": "12345", "list": [["secret": "x"]], "count": 3]
        #expect(redaction.value(value) == ["authorization": "[redacted]", "body": "[redacted: 5 bytes]", "list": [["secret": "[redacted]"]], "count": 3])
    }

    @Test func namesOfSecrets() {
        for name in ["AWS_SECRET_ACCESS_KEY", "dbPassword", "x-api-key", "GITHUB_TOKEN", "auth", "PRIVATE_KEY"] { #expect(Redaction.isSecretName(name), "\(name)") }
        for name in ["PATH", "KEY", "PRIMARY_KEY", "TOKENIZERS_PARALLELISM", "MAX_TOKENS", "AUTHOR", "keyboard", ""] { #expect(!Redaction.isSecretName(name), "\(name)") }
    }

    /// Whatever the bytes, it ends, and a known secret is gone.
    @Test func hostileTextNeverTraps() {
        var state: UInt64 = 7
        let pieces = ["password", "=", ":", "\"", "'", "\\", "://", "@", " ", "Bearer ", "sk-", "hunter2-hunter2", "é", "\u{0}", "token", "-", "&"]
        for _ in 0..<5000 {
            var text = ""
            for _ in 0..<12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += pieces[Int(state >> 33) % pieces.count]
            }
            #expect(!redaction.text(text).contains("hunter2-hunter2"))
        }
    }
}
