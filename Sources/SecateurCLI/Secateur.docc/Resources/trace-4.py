import h5py

with h5py.File("checkpoints/first/trace.h5", "r", libver="latest", swmr=True) as trace:
    layers, levels = (trace[name].asstr()[:] for name in ["layers", "levels"])
    rows = len(trace["evaluation"])  # written last: so many rows are complete
    reward = trace["reward"][:rows]
    best = reward.argmax()
    print("evaluation", best + 1, "of", rows, "has reward", reward[best])
    for layer, action in zip(layers, trace["actions"][best]):
        print(layer, levels[action])
