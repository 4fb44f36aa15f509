import Foundation
import Levels
import ModelFiles
import SparseKernels
import Tensors
import Testing

@testable import Transformers

@Suite struct DecoderTests {
    private struct Reference: Decodable {
        let ids: [Int32]
        let logits: [[Float]]
    }

    private static func fixture(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/\(name)")
            .path
    }

    private static func reference(_ name: String) throws -> Reference {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(fixture(name))/logits.json"))
        return try JSONDecoder().decode(Reference.self, from: data)
    }

    /// The keys that llama.cpp reads, for every architecture that there is.
    @Test func everyArchitectureHasItsEpsilonKey() {
        let keys = [
            "llama": "layer_norm_rms_epsilon", "gpt2": "layer_norm_epsilon",
            "qwen2": "layer_norm_rms_epsilon", "qwen3": "layer_norm_rms_epsilon",
            "smollm3": "layer_norm_rms_epsilon",
        ]
        let known = Architectures.standard.all.compactMap(\.decoder?.gguf)
        #expect(Set(known.map(\.name)) == Set(keys.keys))
        for description in known {
            #expect(description.epsilonKey == keys[description.name].map { "attention.\($0)" })
        }
    }

    static let families = [
        "gpt2-tiny", "llama-tiny", "llama3-tiny", "llama-linear-tiny", "mistral-tiny", "qwen2-tiny",
        "qwen3-tiny",
        "smollm3-tiny",
    ]

    /// What transformers gives: Fixtures/make_decoder_fixtures.py. Cut into passes, the text ends the same.
    @Test(arguments: families, [[20], [7, 13], [17, 1, 1, 1]])
    func logitsAreThoseOfTransformers(name: String, passes: [Int]) throws {
        let model = try Decoder(path: Self.fixture(name))
        let reference = try Self.reference(name)
        for threads in [1, 3] {
            let pool = try ThreadPool(threads: threads)
            let state = model.state(capacity: reference.ids.count, threads: threads)
            var done = 0
            for count in passes {
                model.forward(reference.ids[done..<done + count], state, pool: pool)
                done += count
                let logits = model.nextTokenLogits(state, pool: pool)
                for (found, expected) in zip(logits, reference.logits[done - 1]) {
                    #expect(abs(found - expected) < 1e-4)
                }
            }
        }
    }

    /// Token by token on 8-bit weights and activations: near what transformers gives, on any threads.
    @Test(arguments: families)
    func eightBitDecodingIsNearTransformers(name: String) throws {
        let dense = try Decoder(path: Self.fixture(name))
        let reference = try Self.reference(name)
        func packed(_ name: String) throws -> any LinearOperator {
            let (weight, bias) = (try dense.weight(of: name), dense.bias(of: name))
            return EightBitLinear(weight: weight, bias: bias, wide: DenseLinear(weight: weight, bias: bias))
        }
        let head = EightBitLinear(
            weight: try dense.headWeight(), bias: [Float](repeating: 0, count: dense.head.rows),
            wide: dense.head)
        let operators = try dense.layerShapes.map { ($0.name, try packed($0.name)) }
        let model = dense.replacing(Dictionary(uniqueKeysWithValues: operators)).replacing(head: head)
        let spread = reference.logits.joined().map(abs).max() ?? 0
        for threads in [1, 2, 3] {
            let pool = try ThreadPool(threads: threads)
            let state = model.state(capacity: reference.ids.count, threads: threads)
            // A prompt at once, then token by token.
            for (first, count) in [(0, 5)] + (5..<reference.ids.count).map({ ($0, 1) }) {
                model.forward(reference.ids[first..<first + count], state, pool: pool)
                let logits = model.nextTokenLogits(state, pool: pool)
                for (found, expected) in zip(logits, reference.logits[first + count - 1]) {
                    #expect(abs(found - expected) < 0.05 * spread)
                }
            }
        }
    }

    @Test(arguments: families)
    func namesAndShapesAreThoseOfTheCheckpoint(name: String) throws {
        let model = try Decoder(path: Self.fixture(name))
        let file = try SafetensorsFile(path: "\(Self.fixture(name))/model.safetensors")
        let isTransposed = name.hasPrefix("gpt2")
        for shape in model.layerShapes {
            let stored = try file.info("\(shape.name).weight").shape
            #expect(stored == (isTransposed ? [shape.cols, shape.rows] : [shape.rows, shape.cols]))
        }
        #expect(model.parameterCount == file.tensors.values.reduce(0) { $0 + $1.elementCount })
    }

    /// All of a text is seen, as it is no longer than the window.
    @Test func windowsOfAttentionAreTheLongestTexts() throws {
        #expect(try DecoderCheckpoint(path: Self.fixture("mistral-tiny")).configuration.maximumTokens == 32)
    }

    @Test(arguments: [
        (#""rope_type": "llama3""#, #""rope_type": "yarn""#, "rope_type': found 'yarn', allowed 'default'"),
        (#""factor": 8.0"#, #""factor": 0.5"#, "factor': found 0.5"),
        (#""high_freq_factor": 4.0"#, #""high_freq_factor": 1.0"#, "allowed more than low_freq_factor"),
        (
            #""use_cache": true"#, #""logit_scale": 0.5"#,
            "'logit_scale': found 0.5, allowed fields that are known here"
        ),
        (
            #""use_cache": true"#, #""partial_rotary_factor": 0.5"#,
            "'partial_rotary_factor': found 0.5, allowed 1"
        ),
        (#""use_cache": true"#, #""layer_types": ["linear_attention"]"#, "'layer_types'"),
        (#""original_max_position_embeddings": 16,"#, "", "original_max_position_embeddings': found nothing"),
    ])
    func whatIsNotComputedIsRefused(_ old: String, _ new: String, _ says: String) throws {
        let folder = NSTemporaryDirectory() + "scaled-\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: Self.fixture("llama3-tiny"), toPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/config.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains(old))
        try text.replacing(old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: Levels.Issue.self) { try DecoderCheckpoint(path: folder) }
        #expect(error?.description.contains(says) == true, "\(String(describing: error))")
    }

    @Test func interleavedHeadsAreUndone() {
        let stored = StoredParameter(name: "q", layout: .interleaved(heads: 2))
        // Two heads of four rows; GGUF has the rows 0, 2, 1, 3 of each.
        let plain = Matrix(rows: 8, columns: 1, elements: [0, 1, 2, 3, 4, 5, 6, 7])
        #expect(stored.encoded(plain) == [0, 2, 1, 3, 4, 6, 5, 7])
        #expect(stored.decoded(stored.encoded(plain), rows: 8, columns: 1) == plain)
    }

    @Test func otherArchitecturesAreRefused() throws {
        let folder = NSTemporaryDirectory() + "decoder-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.copyItem(
            atPath: "\(Self.fixture("llama-tiny"))/model.safetensors", toPath: "\(folder)/model.safetensors")
        try #"{"model_type": "mamba"}"#.write(
            toFile: "\(folder)/config.json", atomically: true, encoding: .utf8)
        let error = #expect(throws: Levels.Issue.self) { try Decoder(path: folder) }
        #expect(error?.description.contains("found 'mamba', allowed 'llama', 'gpt2'") == true)
    }
}

@Suite struct EightBitLinearTests {
    /// The product of the weight, computed in double precision, within what 8 bits allow.
    @Test(arguments: InstructionSet.allCases.filter(\.isAvailable), [0.0, 0.5, 0.9])
    func productIsThatOfTheWeight(instructionSet: InstructionSet, sparsity: Double) {
        var random = CounterBasedRandom(seed: 3)
        let (rows, columns) = (37, 150)
        func matrix(_ rows: Int, _ columns: Int) -> Matrix {
            Matrix(
                rows: rows, columns: columns,
                elements: (0..<rows * columns).map { _ in Float(random.nextUniform() - 0.5) })
        }
        var weight = matrix(rows, columns)
        for index in weight.elements.indices where random.nextUniform() < sparsity {
            weight.elements[index] = 0
        }
        let bias = (0..<rows).map { Float($0) / 10 }
        let input = PanelMatrix(matrix(columns, 1))
        let wide = DenseLinear(weight: weight, bias: bias, instructionSet: instructionSet)
        let layer = EightBitLinear(weight: weight, bias: bias, wide: wide, instructionSet: instructionSet)
        let output = PanelMatrix(features: rows, tokens: 1)
        for part in 0..<3 { layer.apply(input, into: output, part: part, of: 3) }
        for row in 0..<rows {
            var (exact, bound) = (Double(bias[row]), 1e-4)
            for column in 0..<columns {
                let (w, x) = (Double(weight[row, column]), Double(input[column, 0]))
                exact += w * x
                // Half a step of at most 0.5 / 127 on either side, and the weight's scale rounded up.
                let step = 0.5 / 127 * 0.51
                bound += w == 0 ? 0 : step * (abs(x) + abs(w) + step)
            }
            #expect(abs(Double(output[row, 0]) - exact) <= bound)
        }
        // Several tokens go to the other operator.
        let many = PanelMatrix(matrix(columns, 20))
        let (own, other) = (PanelMatrix(features: rows, tokens: 20), PanelMatrix(features: rows, tokens: 20))
        layer.apply(many, into: own)
        wide.apply(many, into: other)
        #expect(own.matrix == other.matrix)
    }

    /// What was rounded is multiplied in whole numbers: all kernels of this CPU give the same, bit by bit,
    /// and what the sum of the rounded numbers is.
    @Test(arguments: [0.0, 0.4, 0.97], [(37, 150), (16, 64), (1, 1), (70, 321)])
    func kernelsAgreeBitByBit(sparsity: Double, shape: (Int, Int)) {
        var random = CounterBasedRandom(seed: 5)
        let (rows, columns) = shape
        var weight = Matrix(rows: rows, columns: columns)
        for index in weight.elements.indices where random.nextUniform() >= sparsity {
            weight.elements[index] = Float(random.nextUniform() - 0.5)
        }
        let values = (0..<columns).map { _ in Float(random.nextUniform() - 0.5) }
        let bias = (0..<rows).map { Float($0) / 10 }
        func output(_ set: InstructionSet) -> [Float] {
            let wide = DenseLinear(weight: weight, bias: bias)
            let layer = EightBitLinear(weight: weight, bias: bias, wide: wide, instructionSet: set)
            let input = QuantizedVector(capacity: columns + 30)
            input.set(values, count: columns, instructionSet: set)
            for (rounded, value) in zip(input.floats, values) {
                #expect(abs(rounded - value) <= 0.5 / 127 * 0.51)
            }
            var result = [Float](repeating: .nan, count: rows)
            for part in 0..<2 {
                layer.apply(input, into: &result, rows: layer.singleTokenRows(ofPart: part, of: 2))
            }
            return result
        }
        let expected = output(.portable)
        for set in InstructionSet.allCases.filter(\.isAvailable) { #expect(output(set) == expected) }
    }

    @Test func zerosAreLeftOut() {
        var weight = Matrix(rows: 64, columns: 640, repeating: 0.5)
        let bias = [Float](repeating: 0, count: 64)
        func bytes() -> Int {
            EightBitLinear(weight: weight, bias: bias, wide: DenseLinear(weight: weight, bias: bias))
                .decodeBytes
        }
        let dense = bytes()
        for index in weight.elements.indices where index % 2 == 0 { weight.elements[index] = 0 }
        #expect(Double(bytes()) < 0.7 * Double(dense))
    }
}
