/// Cuts a text where its script changes, as sentencepiece does: kana are Han, and what is of no script of its own goes
/// along with what is before it.
enum UnicodeScripts {
    /// What is of no script: spaces, and characters later than the table.
    private static let any: UInt8 = 0

    /// The pieces of a range of a text. The library leaves out what is of no script at its start, and so does this.
    static func runs(of text: [UInt8], in range: Range<Int>) -> [Range<Int>] {
        var starts: [Int] = []
        var last: UInt8?
        var index = range.lowerBound
        while index < range.upperBound {
            let (scalar, end) = UTF8Text.character(in: text, at: index)
            let script = script(of: scalar)
            if script != any {
                if last != script { starts.append(index) }
                last = script
            }
            index = end
        }
        return zip(starts, starts.dropFirst() + [range.upperBound]).map { $0..<$1 }
    }

    /// A number for the script of a character.
    private static func script(of scalar: Unicode.Scalar) -> UInt8 {
        var (low, high) = (0, starts.count)
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= scalar.value { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? any : scripts[low - 1]
    }

    private static let runs: [(start: UInt32, script: UInt8)] = {
        var start: UInt32 = 0
        return table.split(whereSeparator: \.isWhitespace).compactMap { entry in
            let parts = entry.split(separator: ".")
            guard parts.count == 2, let length = UInt32(parts[0], radix: 36),
                let script = UInt8(parts[1], radix: 36)
            else { return nil }
            start += length
            return (start, script)
        }
    }()

    private static let starts = runs.map(\.start)
    private static let scripts = runs.map(\.script)
}
