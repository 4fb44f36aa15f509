import Testing

@testable import SecateurServer

/// Text that comes by the token.
@Suite struct WrittenTextTests {
    private func pieces(_ tokens: [[UInt8]], stops: [String] = []) -> (pieces: [String], isStopped: Bool) {
        var written = WrittenText(stops: stops)
        let pieces = tokens.map { written.take($0) } + [written.finish()]
        return (pieces, written.isStopped)
    }

    @Test func charactersComeWhole() {
        let grin = Array("😀".utf8)
        #expect(pieces([[grin[0]], [grin[1], grin[2]], [grin[3], 0x41]]).pieces == ["", "", "😀A", ""])
        // What is no character, or is cut off in the end, is shown as such.
        #expect(pieces([[0xFF], [0x41]]).pieces.joined() == "\u{FFFD}A")
        #expect(pieces([[grin[0], grin[1]]]).pieces == ["", "\u{FFFD}"])
    }

    @Test func textsToStopAtAreNotGivenOut() {
        let words = ["one", " tw", "o th", "ree"].map { Array($0.utf8) }
        #expect(pieces(words, stops: ["two"]) == (["one", " ", "", "", ""], true))
        #expect(pieces(words, stops: ["twist", "e x"]) == (["on", "e ", "two th", "re", "e"], false))
        // The start of a stop is held back, and comes when it was none.
        #expect(pieces(words, stops: ["reed"]) == (["one", " tw", "o th", "", "ree"], false))
        // The first of several counts.
        #expect(pieces([Array("a b c".utf8)], stops: ["c", "b"]) == (["a ", ""], true))
        #expect(pieces([Array("abc".utf8)], stops: [""]) == (["abc", ""], false))
    }
}
