make wheel
python3 -m venv environment
environment/bin/pip install --quiet .build/wheel/secateur-*.whl
