import Secateur

/// Finds, for each line of standard input, the line that is most like it.
///
///     swift run Neighbors models/minilm < sentences.txt
@main
struct Neighbors {
    static func main() throws {
        Runtime.configure()
        guard CommandLine.arguments.count == 2 else {
            print("usage: Neighbors MODEL < SENTENCES")
            return
        }
        let model = try Model(CommandLine.arguments[1])
        var sentences: [String] = []
        while let line = readLine() { sentences.append(line) }
        let vectors = try model.embed(sentences)
        for (index, sentence) in sentences.enumerated() {
            let others = sentences.indices.filter { $0 != index }
            let similarity = { (other: Int) in
                zip(vectors[index], vectors[other]).reduce(0) { $0 + $1.0 * $1.1 }
            }
            guard let nearest = others.max(by: { similarity($0) < similarity($1) }) else { continue }
            print("\(sentence)  ->  \(sentences[nearest])")
        }
    }
}
