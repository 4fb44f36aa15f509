import numpy as np
import secateur.gym

environment = secateur.gym.PruningEnv("checkpoints/first")
random = np.random.default_rng(1)
for episode in range(10):
    observation, info = environment.reset()
    terminated = False
    while not terminated:
        action = random.choice(np.flatnonzero(info["action_mask"]))
        observation, reward, terminated, _, info = environment.step(action)
    print(f"reward {reward:.4f}, quality {info['quality']:.4f}, {info['latencyMs']:.2f} ms")
