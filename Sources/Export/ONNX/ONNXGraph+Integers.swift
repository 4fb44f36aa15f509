/// Activations [… × features] in whole numbers of 8 bits.
struct ONNXRounded {
    /// Whole numbers plus 128, unsigned.
    let values: String
    /// What each token's whole numbers are multiplied with [… × 1].
    let scales: String
}

/// Products of whole numbers as Secateur computes them: weights with a scale for each row, activations with one for
/// each token, symmetric about zero.
///
/// ONNX has no operator that finds the scale of each token; `DynamicQuantizeLinear` finds one of a whole batch,
/// which makes an embedding depend on the sentences around it. Activations are unsigned because the runtimes'
/// products of signed ones are slow.
extension ONNXGraph {
    /// Rounds activations to multiples of a 127th of each token's largest.
    mutating func rounded(_ input: String) -> ONNXRounded {
        let name = "\(input).rounded"
        let magnitudes = apply("Abs", [input], named: "\(name).magnitudes")
        let largest = apply(
            "ReduceMax", [magnitudes], named: "\(name).largest",
            ["axes": .integers([-1]), "keepdims": .integer(1)])
        // A token of zeros is divided by something else.
        let least = constant("\(name).least", 1e-30)
        let bounded = apply("Max", [largest, least], named: "\(name).bounded")
        let share = constant("\(name).share", 1 / 127)
        let scales = apply("Mul", [bounded, share], named: "\(name).scales")
        let quotients = apply("Div", [input, scales], named: "\(name).quotients")
        let whole = apply("Round", [quotients], named: "\(name).whole")
        let middle = constant("\(name).middle", 128)
        let shifted = apply("Add", [whole, middle], named: "\(name).shifted")
        let values = apply("Cast", [shifted], named: name, ["to": .type(.uint8)])
        return ONNXRounded(values: values, scales: scales)
    }

    /// x·Wᵀ of rounded activations and a weight [columns × rows] in whole numbers with a scale for each row.
    mutating func product(
        _ input: ONNXRounded, _ weight: String, shape: [Int], _ values: [Int8], scales: [Float],
        named name: String
    ) -> String {
        let integers = constant(weight, shape, values)
        let middle = constant("\(name).middle", byte: 128)
        let sums = apply("MatMulInteger", [input.values, integers, middle], named: "\(name).sums")
        let floats = apply("Cast", [sums], named: "\(name).floats", ["to": .type(.float)])
        let rowScales = constant("\(weight)_scale", [scales.count], scales)
        let byRow = apply("Mul", [floats, rowScales], named: "\(name).by.row")
        return apply("Mul", [byRow, input.scales], named: name)
    }
}
