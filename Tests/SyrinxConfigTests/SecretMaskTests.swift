import SyrinxCore
import Testing

@Suite("Secret mask")
struct SecretMaskTests {
    func masked(_ text: String, _ secrets: String...) -> String {
        var mask = SecretMask()
        for secret in secrets { mask.insert(secret) }
        return mask.mask(text)
    }

    @Test("a secret is masked wherever it occurs, however it is written", arguments: forms)
    func isMasked(secret: String, text: String, expected: String) { #expect(masked(text, secret) == expected) }

    static let forms: [(String, String, String)] = [
        ("sk-1", "key sk-1, and sk-1.", "key ••••, and ••••."),
        ("sk-1", "sk-1sk-1", "••••"),
        ("sk-1", "sk-", "sk-"),
        ("a/b c+é", "?k=a%2Fb%20c%2B%C3%A9&x", "?k=••••&x"),
        ("a/b c+é", "?k=a%2fb+c%2b%c3%a9&x", "?k=••••&x"),
        ("a/b c+é", "?k=a/b%20c+é&x", "?k=••••&x"),
        ("a\"b\\c\n/é🎤", #"{"k":"a\"b\\c\n/é🎤"}"#, #"{"k":"••••"}"#),
        ("a\"b\\c\n/é🎤", #"{"k":"a\u0022b\u005cc\u000a\/\u00e9\uD83C\uDFA4"}"#, #"{"k":"••••"}"#),
        ("x", "axb", "a••••b"),
        ("é", "e\u{301} é", "e\u{301} ••••"),
        ("100%", "100%25 100%", "•••• ••••"),
        ("aab", "aaab", "a••••"),
    ]

    @Test("where secrets overlap or one holds another, all of both is masked")
    func overlap() {
        #expect(masked("-abcdef-", "abcd", "cdef") == "-••••-")
        #expect(masked("-abcdef-", "cd", "abcdef") == "-••••-")
        #expect(masked("-abab-", "ab") == "-••••-")
    }

    @Test("an empty value masks nothing")
    func empty() {
        #expect(masked("text", "") == "text")
        var mask = SecretMask()
        mask.insert("")
        #expect(mask.isEmpty)
    }

    @Test("values are masked with their strings, names and numbers")
    func values() {
        var mask = SecretMask()
        mask.insert("42")
        mask.insert("key")
        let value = Value.object([
            .init("a key", .list([.string("42!"), .integer(42), .integer(43), .null, .boolean(true)]))
        ])
        #expect(
            mask.mask(value)
                == .object([
                    .init("a ••••", .list([.string("••••!"), .string("••••"), .integer(43), .null, .boolean(true)]))
                ]))
    }
}
