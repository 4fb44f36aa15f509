make model text build
export PATH="$PWD/.build/release:$PATH"
secateur inspect models/minilm
