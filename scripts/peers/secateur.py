"""Secateur's side of the comparison: everything by its command line."""
import dataclasses
import json
import os
import shutil
import subprocess


@dataclasses.dataclass(frozen=True)
class Command:
    """The command, the dense model, and an instruction set where not the best one is wanted."""

    path: str
    model: str
    isa: str = ""

    def run(self, *arguments):
        """Runs the command and reads the JSON object that it prints."""
        command = [self.path, *map(str, arguments), "--json"]
        finished = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if finished.returncode:
            raise SystemExit(f"{' '.join(command)}: {finished.stderr.strip()}")
        return json.loads(finished.stdout)

    @property
    def environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS")}
        return kept | ({"SECATEUR_ISA": self.isa} if self.isa else {})

    def pruned(self, level, text, work):
        """A folder of the model with every layer at a level, written where it is older than the command."""
        folder = f"{work}/{level.replace(':', '-')}"
        if not os.path.exists(folder) or os.path.getmtime(folder) < os.path.getmtime(self.path):
            shutil.rmtree(folder, ignore_errors=True)
            self.run("prune", self.model, "--level", level, "--train", text, "--output", folder)
        return folder

    def benchmark(self, folder, setting, rounds):
        """Median times of the dense model and of a folder, alternating in one process."""
        return self.run(
            "benchmark", folder, "--against", self.model, "--tokens", setting.tokens,
            "--batch", setting.batch, "--threads", setting.threads, "--rounds", rounds)

    def scores(self, folder, sts, retrieval):
        """Spearman, nDCG@10 and recall@100; None for data that is not there."""
        spearman = gain = recall = None
        if os.path.exists(sts):
            spearman = self.run("evaluate", folder, "--task", "sts", "--data", sts)["value"]
        if os.path.isdir(retrieval):
            found = self.run("evaluate", folder, "--task", "retrieval", "--data", retrieval)
            gain, recall = found["value"], found["recall100"]
        return spearman, gain, recall

    def resident_bytes(self, folder, texts):
        """Resident memory of `secateur embed`, with one thread, after 256 texts."""
        command = [self.path, "embed", folder, "--threads", "1"]
        with subprocess.Popen(
            command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            process.stdin.write("".join(f"{text}\n" for text in texts))
            process.stdin.flush()
            for _ in texts:
                process.stdout.readline()
            bytes = resident_bytes(process.pid)
            process.stdin.close()
        return bytes


def disk_bytes(folder):
    return os.path.getsize(f"{folder}/model.safetensors")


def resident_bytes(process):
    """Resident memory of a process, of Linux; None elsewhere."""
    try:
        with open(f"/proc/{process}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None
