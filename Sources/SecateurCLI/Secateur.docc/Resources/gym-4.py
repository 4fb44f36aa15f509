import secateur.gym
from sb3_contrib import MaskablePPO

environment = secateur.gym.PruningEnv("checkpoints/first", strict=True)
agent = MaskablePPO("MlpPolicy", environment, gamma=1.0, n_steps=environment.layers * 8)
agent.learn(total_timesteps=environment.layers * 100)
