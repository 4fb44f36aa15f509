import Levels

/// Sensitivities that were estimated in another run; `sensitivities.json`.
package struct StoredSensitivities: Codable, Equatable {
    /// The folder of the run that they are from.
    package let run: String
    /// Layer names.
    package let layers: [String]
    /// Levels.
    package let levels: LevelSet
    /// [layer][level]
    package let values: [[Double]]

    /// How many evaluations it took to estimate them.
    package let evaluations: Int

    package init(run: String, layers: [String], levels: LevelSet, values: [[Double]], evaluations: Int) {
        self.run = run
        self.layers = layers
        self.levels = levels
        self.values = values
        self.evaluations = evaluations
    }

    /// Whether they are for these layers and levels.
    func fit(layers: [String], levels: LevelSet) -> Bool {
        self.layers == layers && self.levels == levels && values.count == layers.count
            && values.allSatisfy { $0.count == levels.count && $0.allSatisfy { $0 >= 0 } }
    }
}
