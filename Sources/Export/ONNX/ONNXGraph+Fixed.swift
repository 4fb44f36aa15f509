/// Products of whole numbers in the form that onnxruntime and OpenVINO know: `DequantizeLinear` of rounded inputs and
/// of a weight before a `MatMul` of floats, which they make one product of whole numbers of.
extension ONNXGraph {
    /// Rounds activations by a scale that is fixed, and makes floats of them again.
    mutating func rounded(_ input: String, by rounding: ActivationRanges.Rounding) -> String {
        let name = "\(input).rounded"
        let scale = constant("\(name).scale", rounding.scale)
        let zero = constant("\(name).zero", byte: rounding.zero)
        let values = apply("QuantizeLinear", [input, scale, zero], named: "\(name).values")
        return apply("DequantizeLinear", [values, scale, zero], named: name)
    }

    /// x·Wᵀ of such activations and a weight [columns × rows] in whole numbers with a scale for each row.
    mutating func product(
        _ rounded: String, _ weight: String, shape: [Int], _ values: [Int8], scales: [Float],
        named name: String
    ) -> String {
        let integers = constant(weight, shape, values)
        let rowScales = constant("\(weight)_scale", [scales.count], scales)
        let floats = apply(
            "DequantizeLinear", [integers, rowScales], named: "\(weight).floats", ["axis": .integer(1)])
        return apply("MatMul", [rounded, floats], named: name)
    }
}
