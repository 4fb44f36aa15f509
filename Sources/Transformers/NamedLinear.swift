/// A linear layer and its name in the checkpoint.
struct NamedLinear: Sendable {
    let name: String
    var operation: any LinearOperator

    /// The same layer with the operator of its name, where there is one; of no more rows and columns.
    func replaced(by operators: [String: any LinearOperator]) -> NamedLinear {
        guard let replacement = operators[name] else { return self }
        precondition(replacement.rows <= operation.rows && replacement.columns <= operation.columns)
        return NamedLinear(name: name, operation: replacement)
    }
}
