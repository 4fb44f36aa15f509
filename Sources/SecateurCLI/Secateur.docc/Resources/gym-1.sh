environment/bin/pip install --quiet gymnasium
