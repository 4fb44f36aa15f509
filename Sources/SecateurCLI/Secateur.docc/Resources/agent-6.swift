extension AgentRegistry {
    /// The agents of this project, the default first.
    public static let standard = AgentRegistry([
        NaturalGradient.self, Reinforce.self, PPO.self, DDPG.self, AMC.self, Uniform.self, RandomSearch.self,
        // …
        HillClimbing.self,
    ])
}
