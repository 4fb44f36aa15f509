import Levels

extension Pattern {
    /// Refuses a score and a scope that make no sense with this.
    /// - Throws: `Issue` that names what makes sense.
    public func require(_ score: PruningScore, _ scope: PruningScope) throws {
        try require("score", score, among: scores)
        try require("scope", scope, among: scopes(of: score))
    }

    private func require<Choice: RawRepresentable<String> & Equatable>(
        _ field: String, _ choice: Choice, among allowed: [Choice]
    ) throws {
        guard allowed.contains(choice) else {
            throw Issue(
                .mismatch, .option(field), found: "\(choice.rawValue) for \(self)",
                allowed: allowed.map(\.rawValue).joined(separator: ", "))
        }
    }

    private var scores: [PruningScore] {
        switch self {
        case .dense, .sublayer: []
        case .units, .kept: PruningScore.allCases
        case .heads, .neurons: PruningScore.allCases.filter { $0 != .movement }
        case .block: [.magnitude, .gradient, .fisher, .random]
        }
    }

    /// Among what the lowest scores are looked for where nothing else is asked for: rows for N:M and Wanda,
    /// the whole model for blocks, else each layer.
    public func usualScope(of score: PruningScore) -> PruningScope {
        switch self {
        case .kept: .row
        case .block, .sublayer: .global
        case .heads, .neurons: .layer
        case .dense, .units: score == .wanda ? .row : .layer
        }
    }

    /// Runs of N:M lie in rows, and blocks are not of one layer. Optimal brain surgery chooses among the rows
    /// of a layer together, group of columns by group of columns.
    private func scopes(of score: PruningScore) -> [PruningScope] {
        switch self {
        case .dense, .sublayer: []
        case .units: score == .obs ? [.layer, .global] : PruningScope.allCases
        case .kept: [.row]
        case .heads, .neurons: [.layer, .global]
        case .block: [.global]
        }
    }
}
