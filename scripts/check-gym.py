"""Trains MaskablePPO of sb3-contrib on the environment of a run, and compares the best reward with the run's own agent.

Needs the Python package (make wheel), sb3-contrib and torch.
"""
import argparse
import time

import numpy as np
from sb3_contrib import MaskablePPO

import secateur
import secateur.gym


class Episodes(secateur.gym.PruningEnv):
    """Counts episodes and keeps the best of them."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.rewards = []

    def step(self, action):
        result = super().step(action)
        if result[2]:
            self.rewards.append(result[1])
        return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", help="a run folder")
    parser.add_argument("--cache", help="the folder of level databases")
    parser.add_argument("--episodes", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    run = secateur.Run(options.run)
    environment = Episodes(options.run, cache=options.cache, strict=True)
    start = time.time()
    model = MaskablePPO(
        "MlpPolicy", environment, n_steps=environment.layers * 8, batch_size=environment.layers * 4, n_epochs=10, gamma=1.0,
        learning_rate=1e-3, seed=options.seed, device="cpu")
    model.learn(total_timesteps=max(options.episodes) * environment.layers)
    rewards = np.maximum.accumulate(environment.rewards)
    own = run.trace["reward"]
    print(f"{run.options['agent']}: {own.max():.4f} after {len(own)} policies")
    for episodes in options.episodes:
        print(f"MaskablePPO: {rewards[min(episodes, len(rewards)) - 1]:.4f} after {episodes} policies")
    print(f"{time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
